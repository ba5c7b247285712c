namespace EdgeAppliance.Runtime.Calibration;

/// <summary>Camera from world: X_camera = R X_world + t; OpenCV's axes.</summary>
/// <param name="Rotation">row by row</param>
/// <param name="TranslationM">metres</param>
sealed record CameraPose(double[] Rotation, double[] TranslationM)
{
    /// <summary>Where the camera stands, site frame, metres.</summary>
    public (double X, double Y, double Z) PlaceM => (-Column(0), -Column(1), -Column(2));

    /// <summary>Turned by a small rotation of the camera's axes, radians, and moved, metres.</summary>
    public CameraPose Moved(ReadOnlySpan<double> step) => new(
        Dense.Times3(Dense.Rotation(step[0], step[1], step[2]), Rotation),
        [TranslationM[0] + step[3], TranslationM[1] + step[4], TranslationM[2] + step[5]]);

    /// <summary>How far another camera is turned against this one, degrees.</summary>
    public double DegreesTo(CameraPose other)
    {
        double trace = 0;
        for (int i = 0; i < 9; i++) trace += Rotation[i] * other.Rotation[i];
        return Math.Acos(Math.Clamp((trace - 1) / 2, -1, 1)) * 180 / Math.PI;
    }

    /// <summary>Camera axes, metres; z is the depth.</summary>
    public (double X, double Y, double Z) InCamera(double x, double y, double z)
    {
        var r = Rotation;
        return (
            (r[0] * x) + (r[1] * y) + (r[2] * z) + TranslationM[0],
            (r[3] * x) + (r[4] * y) + (r[5] * z) + TranslationM[1],
            (r[6] * x) + (r[7] * y) + (r[8] * z) + TranslationM[2]);
    }

    /// <summary>Where a world point is seen, pixels; null behind the camera or where the lens model folds.</summary>
    public (double U, double V)? Project(CameraModel model, double x, double y, double z)
    {
        var c = InCamera(x, y, z);
        if (!(c.Z > 0.05)) return null;
        var (u, v) = model.Lens.Distort(c.X / c.Z, c.Y / c.Z, out var slope);
        return (slope.Ux * slope.Vy) - (slope.Uy * slope.Vx) > 0 ? (u, v) : null;
    }

    double Column(int i) =>
        (Rotation[i] * TranslationM[0]) + (Rotation[3 + i] * TranslationM[1]) + (Rotation[6 + i] * TranslationM[2]);
}

/// <summary>A world point and where it was seen.</summary>
/// <param name="SigmaU">how well both together are known, pixels</param>
readonly record struct SeenPoint(
    double X, double Y, double Z, double U, double V, double SigmaU, double SigmaV);
