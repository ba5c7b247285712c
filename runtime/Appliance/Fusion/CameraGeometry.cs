using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;

namespace EdgeAppliance.Runtime.Fusion;

/// <summary>A spot on the floor.</summary>
/// <param name="Away">unit vector on the floor, away from the camera: where the thing's far side is</param>
readonly record struct GroundPoint(Vector2 AtM, Localization.Covariance2 Covariance, Vector2 Away);

/// <summary>
/// How a camera sees the floor: a calibrated camera (OpenCV's model) or a plain homography, from a JSON file; see
/// docs/labels.md. World axes in metres, z up, floor at z = 0. Image coordinates are those of <see
/// cref="Inference.Box"/>: (0, 0) is the upper left corner of the upper left pixel.
/// </summary>
abstract class CameraGeometry(string name, int width, int height)
{
    /// <summary>The calibration's version, as samples carry it.</summary>
    public string Name { get; } = name;

    /// <summary>Size of the picture these numbers are for.</summary>
    public int Width { get; } = width;

    public int Height { get; } = height;

    /// <summary>
    /// The floor under an image point, or null above the horizon. The covariance is what an error of the image point
    /// becomes on the floor (first order).
    /// </summary>
    /// <param name="variancePx">of the image point's x and y, pixels^2</param>
    public abstract GroundPoint? GroundAt(Vector2 imagePx, Vector2 variancePx);

    /// <summary>Where a spot of the floor is seen, or null behind the camera. It may lie outside the picture.</summary>
    public abstract Vector2? ImageAt(Vector2 groundM);

    /// <summary>
    /// The same camera giving smaller or larger pictures; null when the picture's shape is another one.
    /// </summary>
    public CameraGeometry? At(int width, int height)
    {
        if (width == Width && height == Height) return this;
        double sx = width / (double)Width, sy = height / (double)Height;
        // Two pixels of rounding are allowed: 1080 lines are coded as 1088, thirds of odd sizes round.
        return Math.Abs((sx * Height) - height) <= 2 || Math.Abs((sy * Width) - width) <= 2
            ? Scaled(sx, sy, width, height) : null;
    }

    protected abstract CameraGeometry Scaled(double sx, double sy, int width, int height);

    /// <summary>Reads a geometry; all its faults are told at once.</summary>
    /// <exception cref="InvalidDataException">one line a fault, each with its key's path</exception>
    public static CameraGeometry Load(string path) => TryLoad(path, out var faults)
        ?? throw new InvalidDataException(string.Join('\n', faults));

    /// <summary>Null when there are faults: one line each, with the file and the key's path.</summary>
    public static CameraGeometry? TryLoad(string path, out ImmutableArray<string> faults)
    {
        var geometry = JsonFields.Read(path, Read, out var found);
        faults = [.. found.Select(fault => $"{path}: {fault}")];
        return geometry;
    }

    static CameraGeometry Read(JsonFields root)
    {
        if (root.Has("parts")) return ReadCalibration(root);
        string name = root.Text("name");
        var image = root.Object("image");
        int width = (int)image.Number("width", 16, 32768), height = (int)image.Number("height", 16, 32768);
        image.Done();
        return root.Has("groundFromImage")
            ? ReadHomography(root, name, width, height)
            : ReadPinhole(root, name, width, height);
    }

    // A calibration's camera part holds the same keys.
    static CameraGeometry ReadCalibration(JsonFields root)
    {
        var camera = root.Object("parts").Object("camera");
        if (root.IsFaulty) return new HomographyGeometry("", 16, 16, [1, 0, 0, 0, 1, 0, 0, 0, 1]);
        var values = camera.Object("values");
        values.Whole("version", 1, 1, otherwise: 1);
        var geometry = Read(values);
        values.Done();
        return geometry;
    }

    static HomographyGeometry ReadHomography(JsonFields root, string name, int width, int height)
    {
        double[] matrix = root.Matrix3("groundFromImage");
        if (root.Has("camera") || root.Has("cameraFromWorld"))
        {
            root.Fault("groundFromImage", "stands beside camera and cameraFromWorld: one way or the other");
        }

        double size = matrix.Max(Math.Abs);
        if (!(Math.Abs(HomographyGeometry.Determinant(matrix)) > 1e-15 * size * size * size))
        {
            root.Fault("groundFromImage", "cannot be inverted: rows or columns depend on each other");
        }

        return new HomographyGeometry(name, width, height, matrix);
    }

    static PinholeGeometry ReadPinhole(JsonFields root, string name, int width, int height)
    {
        var camera = root.Object("camera");
        var lens = new Lens(
            camera.Number("fx", 1, 1e6), camera.Number("fy", 1, 1e6),
            camera.Number("cx", -1e5, 1e5), camera.Number("cy", -1e5, 1e5),
            camera.Numbers("distortion", 5, [0, 0, 0, 0, 0]));
        camera.Done();
        var pose = root.Object("cameraFromWorld");
        double[] rotation = pose.Matrix3("rotation"), translationM = pose.Numbers("translationM", 3);
        pose.Done();
        double skew = Skew(rotation), up = PinholeGeometry.HeightM(rotation, translationM);
        if (root.IsFaulty) return new PinholeGeometry(name, width, height, lens, rotation, translationM);
        if (!(skew <= 1e-3))
        {
            pose.Fault(pose.Path("rotation"), string.Create(CultureInfo.InvariantCulture,
                $"is no rotation: off by {skew:G3} from unit rows at right angles with determinant 1"));
        }
        else if (!(up > 0.05))
        {
            pose.Fault(pose.Path("translationM"), string.Create(CultureInfo.InvariantCulture,
                $"puts the camera {up:F2} m above the floor: above 0.05 "
                + $"(world z is up, the camera's axes are OpenCV's)"));
        }

        return new PinholeGeometry(name, width, height, lens, rotation, translationM);
    }

    // How far R R' is from the identity and det R from 1, at worst.
    static double Skew(double[] r)
    {
        double worst = Math.Abs(HomographyGeometry.Determinant(r) - 1);
        for (int i = 0; i < 3; i++)
        {
            for (int j = 0; j < 3; j++)
            {
                double dot = (r[3 * i] * r[3 * j]) + (r[(3 * i) + 1] * r[(3 * j) + 1])
                    + (r[(3 * i) + 2] * r[(3 * j) + 2]);
                worst = Math.Max(worst, Math.Abs(dot - (i == j ? 1 : 0)));
            }
        }

        return worst;
    }
}
