namespace EdgeAppliance.Runtime.Calibration;

/// <summary>How a pose is looked for in a walk.</summary>
sealed record WalkPoseOptions
{
    /// <summary>The focal length is a guess and is worked out too.</summary>
    public bool IsFocalFree { get; init; }

    /// <summary>The radio's time less the camera's, seconds, where it is known.</summary>
    public double OffsetS { get; init; }

    /// <summary>The offset is looked for too, up to this far, seconds; 0: it is as said.</summary>
    public double OffsetMaxS { get; init; }

    /// <summary>
    /// How far before a walker's middle the box's lower edge is, metres: half a foot's length (0.26 m, ISO 7250-1).
    /// </summary>
    public double FootM { get; init; } = 0.13;

    /// <summary>
    /// What stays wrong with a fix for a second or two (bodies in the way, the tag beside the body's middle), metres.
    /// </summary>
    public double LastingM { get; init; } = 0.2;

    /// <summary>How long it stays, seconds.</summary>
    public double LastingS { get; init; } = 2;

    /// <summary>Hypotheses tried: among ten people and ten tags some thirty of them are right.</summary>
    public int Trials { get; init; } = 1200;

    public ulong Seed { get; init; } = 1;
}

/// <summary>A match of a sighting with a tag under a pose.</summary>
/// <param name="ResidualU">seen less expected, pixels</param>
readonly record struct WalkMatch(
    double TimeS, string Tag, SeenPoint Point, double ResidualU, double ResidualV);

/// <summary>A pose from a walk, with what it rests on.</summary>
/// <param name="OffsetS">the radio's time less the camera's, seconds</param>
/// <param name="Explained">share of the instants a tag should be seen at, at which it is</param>
sealed record WalkPoseResult(
    FittedPose Fit, double OffsetS, IReadOnlyList<WalkMatch> Matches, double Explained);

/// <summary>
/// The camera's pose from walkers who carry tags, without being told who is who: pieces of tracks are paired with tags
/// at random, each pairing gives a pose by the floor's homography, and the one that explains most of all tags' places
/// is refined on everything it matches (the scheme of Fischler and Bolles' RANSAC, 1981, with pieces for points).
/// Others may walk about: whoever carries no tag matches nothing.
/// </summary>
static class WalkPose
{
    /// <summary>A match beyond so many sigmas is none.</summary>
    const double GateSigmas = 4;

    const int Finalists = 8, MatchesMin = 20;

    /// <summary>Null when no pose explains the walk: too short, on one line, or nothing fits.</summary>
    public static WalkPoseResult? Solve(CameraModel model, WalkTables tables, WalkPoseOptions options)
    {
        WalkPoseResult? best = null;
        double most = 0;
        var search = new PoseSearch(model, tables, options);
        foreach (var start in search.Best(Finalists))
        {
            if (Refined(start.Model, start.Pose, tables, options) is not { } result) continue;
            double score = search.Score(result.Fit.Model, result.Fit.Pose, result.OffsetS);
            if (score > most) (best, most) = (result, score);
        }

        return best;
    }

    /// <summary>Refined from a pose that is about right; null when too little matches.</summary>
    public static WalkPoseResult? Refined(
        CameraModel model, CameraPose pose, WalkTables tables, WalkPoseOptions options)
    {
        double offsetS = options.OffsetS;
        var fit = new FittedPose(model, pose, 0, null);
        // The gate closes: the first pose is off by more than what is seen scatters.
        for (int round = 0; round < 5; round++)
        {
            double gate = GateSigmas * (round switch { 0 => 2.5, 1 => 1.5, _ => 1 });
            var matches = Match(fit, tables, offsetS, gate, options);
            if (matches.Count < MatchesMin) return null;
            SeenPoint[] points = [.. matches.Select(match => match.Point)];
            if (PoseFit.Refine(fit.Model, fit.Pose, points, options.IsFocalFree, 20) is not { } refined) return null;
            fit = refined;
            if (options.OffsetMaxS > 0 && round % 2 == 1) offsetS = Offset(fit, tables, offsetS, options);
        }

        if (fit.Pose.PlaceM.Z is not (> 0.3 and < 100)) return null;
        var last = Match(fit, tables, offsetS, GateSigmas, options);
        double due = Due(fit, tables, offsetS);
        return new WalkPoseResult(fit, offsetS, last, due > 0 ? Math.Min(1, last.Count / due) : 0);
    }

    /// <summary>
    /// Tags in sight with the sighting each belongs to: the nearest one, which no other tag is nearer to.
    /// </summary>
    public static List<WalkMatch> Match(
        FittedPose fit, WalkTables tables, double offsetS, double gateSigmas, WalkPoseOptions options)
    {
        var matches = new List<WalkMatch>();
        var expected = new List<Expected>();
        foreach (var instant in tables.Instants)
        {
            if (instant.Length == 0) continue;
            expected.Clear();
            foreach (string tag in tables.Tags)
            {
                if (tables.PlaceAt(tag, instant[0].TimeS + offsetS) is { } place
                    && Expect(fit, tag, place, options) is { } there) expected.Add(there);
            }

            foreach (var each in expected)
            {
                if (each.Nearest(instant, gateSigmas) is not { } seen || !IsNearest(each, expected, seen)) continue;
                matches.Add(new WalkMatch(
                    seen.TimeS, each.Tag, each.With(seen), seen.U - each.U, seen.V - each.V));
            }
        }

        return Weighed(matches, options);
    }

    static bool IsNearest(in Expected tag, List<Expected> all, in Sighting seen)
    {
        double own = tag.SquaredTo(seen);
        foreach (var other in all) if (other.SquaredTo(seen) < own) return false;
        return true;
    }

    // What lasts makes matches of one tag within seconds tell the same: n of them share one such error, so that each
    // has n times its variance on top of its own.
    static List<WalkMatch> Weighed(List<WalkMatch> matches, WalkPoseOptions options)
    {
        var counts = new Dictionary<(string, long), int>();
        (string, long) BlockOf(in WalkMatch match) => (match.Tag, (long)Math.Floor(match.TimeS / options.LastingS));
        foreach (var match in matches) counts[BlockOf(match)] = counts.GetValueOrDefault(BlockOf(match)) + 1;
        for (int i = 0; i < matches.Count; i++)
        {
            double factor = Math.Sqrt(counts[BlockOf(matches[i])]);
            var point = matches[i].Point;
            matches[i] = matches[i] with
            {
                Point = point with { SigmaU = point.SigmaU * Grown(factor), SigmaV = point.SigmaV * Grown(factor) },
            };
        }

        return matches;

        // Half of a match's variance lasts (measured on simulated walks: 0.2 m of 0.28 m).
        static double Grown(double root) => Math.Sqrt(((root * root) + 1) / 2);
    }

    static double Due(FittedPose fit, WalkTables tables, double offsetS)
    {
        double due = 0;
        foreach (var instant in tables.Instants)
        {
            if (instant.Length == 0) continue;
            foreach (string tag in tables.Tags)
            {
                if (tables.PlaceAt(tag, instant[0].TimeS + offsetS) is { } at
                    && fit.Pose.Project(fit.Model, at.X, at.Y, 0) is { } p && IsInside(fit.Model, p)) due++;
            }
        }

        return due;
    }

    public static bool IsInside(CameraModel model, (double U, double V) at) =>
        at.U >= 0 && at.V >= 0 && at.U < model.Width && at.V < model.Height;

    static Expected? Expect(FittedPose fit, string tag, in TagPlace place, WalkPoseOptions options)
    {
        var camera = fit.Pose.PlaceM;
        double dx = camera.X - place.X, dy = camera.Y - place.Y;
        double away = Math.Max(1e-3, Math.Sqrt((dx * dx) + (dy * dy)));
        double x = place.X + (options.FootM * dx / away), y = place.Y + (options.FootM * dy / away);
        if (fit.Pose.Project(fit.Model, x, y, 0) is not { } at) return null;
        double depth = Math.Max(0.5, fit.Pose.InCamera(x, y, 0).Z);
        double sigmaM = Math.Sqrt((place.SigmaM * place.SigmaM) + (options.LastingM * options.LastingM));
        double across = fit.Model.Fx / depth * sigmaM;
        double along = fit.Model.Fy / depth * sigmaM * camera.Z / Math.Sqrt((camera.Z * camera.Z) + (away * away));
        return new Expected(tag, x, y, at.U, at.V, across, along);
    }

    // The misfit over offsets, in steps a walker covers 0.14 m in, and the parabola's foot between them.
    static double Offset(FittedPose fit, WalkTables tables, double aboutS, WalkPoseOptions options)
    {
        const double StepS = 0.1;
        int steps = (int)Math.Ceiling(options.OffsetMaxS / StepS);
        var cost = new double[(2 * steps) + 1];
        int least = -1;
        for (int i = 0; i < cost.Length; i++)
        {
            var matches = Match(fit, tables, (i - steps) * StepS, GateSigmas, options);
            cost[i] = matches.Count < MatchesMin ? double.PositiveInfinity : Loss(matches);
            if (double.IsFinite(cost[i]) && (least < 0 || cost[i] < cost[least])) least = i;
        }

        if (least < 0) return aboutS;
        double at = (least - steps) * StepS;
        if (least == 0 || least == cost.Length - 1) return at;
        double left = cost[least - 1], right = cost[least + 1], bend = left - (2 * cost[least]) + right;
        return double.IsFinite(bend) && bend > 0 ? at + (StepS * (left - right) / (2 * bend)) : at;
    }

    // Mean loss of a match; fewer matches are worse by what the gate would have cost.
    static double Loss(List<WalkMatch> matches)
    {
        double sum = 0;
        foreach (var match in matches)
        {
            double u = match.ResidualU / match.Point.SigmaU, v = match.ResidualV / match.Point.SigmaV;
            sum += Math.Log(1 + (((u * u) + (v * v)) / 4)) - 2;
        }

        return sum;
    }

    readonly record struct Expected(
        string Tag, double X, double Y, double U, double V, double AcrossPx, double AlongPx)
    {
        public double SquaredTo(in Sighting seen)
        {
            double u = (seen.U - U) / SigmaU(seen), v = (seen.V - V) / SigmaV(seen);
            return (u * u) + (v * v);
        }

        public Sighting? Nearest(Sighting[] instant, double gateSigmas)
        {
            Sighting? nearest = null;
            double least = gateSigmas * gateSigmas;
            foreach (var seen in instant)
            {
                double squared = SquaredTo(seen);
                if (squared < least) (nearest, least) = (seen, squared);
            }

            return nearest;
        }

        public SeenPoint With(in Sighting seen) => new(X, Y, 0, seen.U, seen.V, SigmaU(seen), SigmaV(seen));

        // A box's edges: 3 % of its height, at least 2 px, as the fuser takes them.
        double SigmaU(in Sighting seen) => Math.Sqrt((AcrossPx * AcrossPx) + Edge(seen));

        double SigmaV(in Sighting seen) => Math.Sqrt((AlongPx * AlongPx) + Edge(seen));

        static double Edge(in Sighting seen) => Math.Pow(Math.Max(2, 0.03 * seen.HeightPx), 2);
    }
}
