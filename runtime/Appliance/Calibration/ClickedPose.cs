namespace EdgeAppliance.Runtime.Calibration;

/// <summary>
/// A pose from points somebody clicked: every four of them on the floor give a first one, the one that most points
/// agree with is refined on those.
/// </summary>
static class ClickedPose
{
    // Twelve pixels at the picture's width of 1280: a wrong click is farther off, a bad first pose is not.
    const double NearWidths = 12.0 / 1280;

    const int TrialsMax = 3000;

    /// <summary>Null with fewer than four floor points, or when no camera sees most of them so.</summary>
    /// <param name="isUsed">which points the pose rests on</param>
    public static FittedPose? Solve(
        CameraModel model, IReadOnlyList<SeenPoint> points, bool isFocalFree, out bool[] isUsed)
    {
        isUsed = new bool[points.Count];
        int[] floor = [.. Enumerable.Range(0, points.Count).Where(i => points[i].Z == 0)];
        FittedPose? best = null;
        int most = 0, trials = 0;
        foreach (int[] four in Fours(floor))
        {
            if (trials++ == TrialsMax) break;
            SeenPoint[] few = [.. four.Select(i => points[i])];
            if (PlanarPose.Solve(model, few, isFocalFree) is not { } start) continue;
            if (PoseFit.Refine(start.Model, start.Pose, few, false, 10) is not { } fit) continue;
            int agree = points.Count(point => IsNear(fit, point));
            if (agree > most) (best, most) = (fit, agree);
        }

        if (best is null || most < 4) return null;
        for (int round = 0; round < 2; round++)
        {
            SeenPoint[] used = [.. points.Where(point => IsNear(best, point))];
            // Six unknowns and the focal length: four points on a plane give eight numbers.
            if (PoseFit.Refine(best.Model, best.Pose, used, isFocalFree, 50) is not { } refined) break;
            best = refined;
        }

        for (int i = 0; i < points.Count; i++) isUsed[i] = IsNear(best, points[i]);
        return best;
    }

    static bool IsNear(FittedPose fit, in SeenPoint point)
    {
        if (fit.Pose.Project(fit.Model, point.X, point.Y, point.Z) is not { } at) return false;
        double near = fit.Model.Width * NearWidths;
        return Math.Pow(at.U - point.U, 2) + Math.Pow(at.V - point.V, 2) < near * near;
    }

    static IEnumerable<int[]> Fours(int[] of)
    {
        for (int a = 0; a < of.Length; a++)
        {
            for (int b = a + 1; b < of.Length; b++)
            {
                for (int c = b + 1; c < of.Length; c++)
                    for (int d = c + 1; d < of.Length; d++) yield return [of[a], of[b], of[c], of[d]];
            }
        }
    }
}
