using System.Numerics;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Runtime.Fusion;

/// <summary>A calibrated camera over the floor: lens and pose, OpenCV's axes (x right, y down, z forward).</summary>
/// <param name="rotation">camera from world, row by row</param>
sealed class PinholeGeometry(
    string name, int width, int height, Lens lens, double[] rotation, double[] translationM)
    : CameraGeometry(name, width, height)
{
    // A ray within half a degree of the horizon meets the floor over 100 camera heights away: of no use.
    const double LeastFall = 0.0087;

    readonly double _cameraX = -Column(rotation, translationM, 0);
    readonly double _cameraY = -Column(rotation, translationM, 1);
    readonly double _cameraZ = -Column(rotation, translationM, 2);

    /// <summary>How high a camera of that pose stands over the floor, metres.</summary>
    public static double HeightM(double[] rotation, double[] translationM) => -Column(rotation, translationM, 2);

    public override GroundPoint? GroundAt(Vector2 imagePx, Vector2 variancePx)
    {
        // Box edges count from the pixel's corner, OpenCV from its middle.
        if (!lens.TryUndistort(imagePx.X - 0.5, imagePx.Y - 0.5, out double x, out double y, out var slope))
            return null;
        double rx = (rotation[0] * x) + (rotation[3] * y) + rotation[6];
        double ry = (rotation[1] * x) + (rotation[4] * y) + rotation[7];
        double rz = (rotation[2] * x) + (rotation[5] * y) + rotation[8];
        if (!(-rz > LeastFall * Math.Sqrt((rx * rx) + (ry * ry) + (rz * rz)))) return null;
        double reach = -_cameraZ / rz;
        double gx = _cameraX + (reach * rx), gy = _cameraY + (reach * ry);

        // d ground / d direction: reach (row - (r / rz) row_z), and d direction / d image is the lens's slope inverted.
        double xx = reach * (rotation[0] - (rx / rz * rotation[2]));
        double xy = reach * (rotation[3] - (rx / rz * rotation[5]));
        double yx = reach * (rotation[1] - (ry / rz * rotation[2]));
        double yy = reach * (rotation[4] - (ry / rz * rotation[5]));
        double det = (slope.Ux * slope.Vy) - (slope.Uy * slope.Vx);
        double xu = slope.Vy / det, xv = -slope.Uy / det, yu = -slope.Vx / det, yv = slope.Ux / det;
        double ju = (xx * xu) + (xy * yu), jv = (xx * xv) + (xy * yv), ku = (yx * xu) + (yy * yu);
        double kv = (yx * xv) + (yy * yv);
        var covariance = new Covariance2(
            (ju * ju * variancePx.X) + (jv * jv * variancePx.Y),
            (ju * ku * variancePx.X) + (jv * kv * variancePx.Y),
            (ku * ku * variancePx.X) + (kv * kv * variancePx.Y));
        var at = new Vector2((float)gx, (float)gy);
        return new GroundPoint(at, covariance, UnitOrZero(at - new Vector2((float)_cameraX, (float)_cameraY)));
    }

    public override Vector2? ImageAt(Vector2 groundM)
    {
        double x = (rotation[0] * groundM.X) + (rotation[1] * groundM.Y) + translationM[0];
        double y = (rotation[3] * groundM.X) + (rotation[4] * groundM.Y) + translationM[1];
        double z = (rotation[6] * groundM.X) + (rotation[7] * groundM.Y) + translationM[2];
        if (!(z > 0)) return null;
        var (u, v) = lens.Distort(x / z, y / z, out var slope);
        bool isFolded = !((slope.Ux * slope.Vy) - (slope.Uy * slope.Vx) > 0);
        return isFolded ? null : new Vector2((float)(u + 0.5), (float)(v + 0.5));
    }

    protected override CameraGeometry Scaled(double sx, double sy, int width, int height) =>
        new PinholeGeometry(Name, width, height, lens.Scaled(sx, sy), rotation, translationM);

    static Vector2 UnitOrZero(Vector2 v) => v.LengthSquared() > 1e-12f ? Vector2.Normalize(v) : Vector2.Zero;

    // (R' t) at a row: minus that is the camera's place in the world.
    static double Column(double[] r, double[] t, int i) => (r[i] * t[0]) + (r[3 + i] * t[1]) + (r[6 + i] * t[2]);
}
