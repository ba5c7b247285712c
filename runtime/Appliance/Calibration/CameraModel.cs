using System.Globalization;
using EdgeAppliance.Runtime.Fusion;

namespace EdgeAppliance.Runtime.Calibration;

/// <summary>
/// A lens for pictures of a size; OpenCV's numbers, pixels (the middle of the first pixel is 0).
/// </summary>
sealed record CameraModel(
    int Width, int Height, double Fx, double Fy, double Cx, double Cy, double[] Distortion)
{
    public Lens Lens { get; } = new(Fx, Fy, Cx, Cy, Distortion);

    /// <summary>The same lens with both focal lengths times a factor.</summary>
    public CameraModel Zoomed(double factor) => new(Width, Height, Fx * factor, Fy * factor, Cx, Cy, Distortion);

    /// <summary>A lens nobody measured: square pixels, the middle in the middle, no distortion.</summary>
    public static CameraModel Guess(int width, int height, double focalPx) =>
        new(width, height, focalPx, focalPx, (width - 1) / 2.0, (height - 1) / 2.0, new double[5]);

    /// <summary>
    /// The lens in a geometry file or a calibration, and the pose where one stands beside it; null when there are
    /// faults.
    /// </summary>
    public static CameraModel? TryLoad(string path, out CameraPose? pose, out List<string> faults)
    {
        CameraPose? found = null;
        var model = JsonFields.Read(path, root => Read(
            root.Has("parts") ? root.Object("parts").Object("camera").Object("values") : root, out found),
            out var told);
        faults = [.. told.Select(fault => $"{path}: {fault}")];
        pose = found;
        return model;
    }

    static CameraModel Read(JsonFields root, out CameraPose? pose)
    {
        var image = root.Object("image");
        int width = image.Whole("width", 16, 32768), height = image.Whole("height", 16, 32768);
        image.Done();
        var camera = root.Object("camera");
        var model = new CameraModel(
            width, height, camera.Number("fx", 1, 1e6), camera.Number("fy", 1, 1e6), camera.Number("cx", -1e5, 1e5),
            camera.Number("cy", -1e5, 1e5), camera.Numbers("distortion", 5, [0, 0, 0, 0, 0]));
        camera.Done();
        root.Text("name", otherwise: "lens");
        pose = null;
        if (!root.Has("cameraFromWorld")) return model;
        var place = root.Object("cameraFromWorld");
        pose = new CameraPose(place.Matrix3("rotation"), place.Numbers("translationM", 3));
        return model;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Width} x {Height}, focal {Fx:F1} {Fy:F1} px, middle {Cx:F1} {Cy:F1} px");
}
