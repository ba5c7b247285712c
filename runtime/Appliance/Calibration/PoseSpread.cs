namespace EdgeAppliance.Runtime.Calibration;

/// <summary>How far a pose from a walk can be believed.</summary>
/// <param name="Px">root mean square over the places of the walk, pixels</param>
/// <param name="PlaceM">of the camera's place, all three axes together, metres</param>
/// <param name="Degrees">of how it is turned</param>
readonly record struct PoseSigma(double Px, double PlaceM, double Degrees);

/// <summary>
/// The spread of a pose by the delete-a-group jackknife (Efron 1982): fitted anew without each of the groups whose
/// errors go together. A fit's own covariance takes every match for a witness of its own, and is some times too small.
/// </summary>
static class PoseSpread
{
    /// <summary>A walker who turns round has other errors: a lap takes about this long, seconds.</summary>
    const double LapS = 12;

    const int GroupsMin = 4;

    /// <summary>Null with fewer than four groups: too short a walk to tell.</summary>
    public static PoseSigma? Of(WalkPoseResult result, bool isFocalFree)
    {
        var groups = result.Matches.GroupBy(match => (match.Tag, Lap: (int)(match.TimeS / LapS))).ToList();
        if (groups.Count < GroupsMin) return null;
        double px = 0, place = 0, turn = 0;
        foreach (var left in groups)
        {
            SeenPoint[] rest = [.. groups.Where(group => group.Key != left.Key)
                .SelectMany(group => group.Select(match => match.Point))];
            if (PoseFit.Refine(result.Fit.Model, result.Fit.Pose, rest, isFocalFree, 20) is not { } without)
                return null;
            px += Apart(result, without);
            var (a, b) = (result.Fit.Pose.PlaceM, without.Pose.PlaceM);
            place += Squared(a.X - b.X) + Squared(a.Y - b.Y) + Squared(a.Z - b.Z);
            turn += Squared(result.Fit.Pose.DegreesTo(without.Pose));
        }

        double factor = (groups.Count - 1.0) / groups.Count;
        return new PoseSigma(Math.Sqrt(factor * px), Math.Sqrt(factor * place), Math.Sqrt(factor * turn));
    }

    // Mean square over the places of the walk.
    static double Apart(WalkPoseResult result, FittedPose other)
    {
        double sum = 0;
        int count = 0;
        foreach (var match in result.Matches)
        {
            var p = match.Point;
            if (result.Fit.Pose.Project(result.Fit.Model, p.X, p.Y, 0) is not { } a
                || other.Pose.Project(other.Model, p.X, p.Y, 0) is not { } b) continue;
            sum += Squared(a.U - b.U) + Squared(a.V - b.V);
            count++;
        }

        return sum / Math.Max(1, count);
    }

    static double Squared(double value) => value * value;
}
