using System.Numerics;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Runtime.Fusion;

/// <summary>
/// A floor seen without distortion: (x, y, 1) ~ H (u, v, 1). The lower middle of the picture must see the floor: that
/// tells which side of the horizon is down.
/// </summary>
/// <param name="h">ground from image, row by row; (u, v) counts from the middle of the first pixel</param>
sealed class HomographyGeometry(string name, int width, int height, double[] h) : CameraGeometry(name, width, height)
{
    // Within half a percent of the lower edge's depth term a point is 200 times as far away as what is seen there.
    const double LeastDepth = 0.005;

    readonly double _near = (h[6] * (width / 2.0)) + (h[7] * (height - 1)) + h[8];

    public static double Determinant(double[] m) =>
        (m[0] * ((m[4] * m[8]) - (m[5] * m[7]))) - (m[1] * ((m[3] * m[8]) - (m[5] * m[6])))
        + (m[2] * ((m[3] * m[7]) - (m[4] * m[6])));

    public override GroundPoint? GroundAt(Vector2 imagePx, Vector2 variancePx)
    {
        double u = imagePx.X - 0.5, v = imagePx.Y - 0.5;
        double depth = (h[6] * u) + (h[7] * v) + h[8];
        if (!(depth / _near > LeastDepth)) return null;
        double x = ((h[0] * u) + (h[1] * v) + h[2]) / depth, y = ((h[3] * u) + (h[4] * v) + h[5]) / depth;
        double xu = (h[0] - (x * h[6])) / depth, xv = (h[1] - (x * h[7])) / depth;
        double yu = (h[3] - (y * h[6])) / depth, yv = (h[4] - (y * h[7])) / depth;
        var covariance = new Covariance2(
            (xu * xu * variancePx.X) + (xv * xv * variancePx.Y),
            (xu * yu * variancePx.X) + (xv * yv * variancePx.Y),
            (yu * yu * variancePx.X) + (yv * yv * variancePx.Y));
        // Up in the picture is away from the camera, for a camera that is not tilted sideways.
        var up = new Vector2((float)-xv, (float)-yv);
        var away = up.LengthSquared() > 1e-12f ? Vector2.Normalize(up) : Vector2.Zero;
        return new GroundPoint(new Vector2((float)x, (float)y), covariance, away);
    }

    public override Vector2? ImageAt(Vector2 groundM)
    {
        double x = groundM.X, y = groundM.Y;
        // The adjugate is the inverse up to a factor, which a homography does not feel; its sign, depth does.
        double u = (((h[4] * h[8]) - (h[5] * h[7])) * x) + (((h[2] * h[7]) - (h[1] * h[8])) * y) + (h[1] * h[5])
            - (h[2] * h[4]);
        double v = (((h[5] * h[6]) - (h[3] * h[8])) * x) + (((h[0] * h[8]) - (h[2] * h[6])) * y) + (h[2] * h[3])
            - (h[0] * h[5]);
        double w = (((h[3] * h[7]) - (h[4] * h[6])) * x) + (((h[1] * h[6]) - (h[0] * h[7])) * y) + (h[0] * h[4])
            - (h[1] * h[3]);
        if (w == 0) return null;
        double depth = (h[6] * u / w) + (h[7] * v / w) + h[8];
        return depth / _near > 0 ? new Vector2((float)((u / w) + 0.5), (float)((v / w) + 0.5)) : null;
    }

    protected override CameraGeometry Scaled(double sx, double sy, int width, int height)
    {
        // u = (u' + 0.5) / sx - 0.5
        double ax = 1 / sx, bx = (0.5 / sx) - 0.5, ay = 1 / sy, by = (0.5 / sy) - 0.5;
        var scaled = new double[9];
        for (int row = 0; row < 9; row += 3)
        {
            scaled[row] = h[row] * ax;
            scaled[row + 1] = h[row + 1] * ay;
            scaled[row + 2] = (h[row] * bx) + (h[row + 1] * by) + h[row + 2];
        }

        return new HomographyGeometry(Name, width, height, scaled);
    }
}
