using System.Numerics;

namespace EdgeAppliance.Runtime.Calibration;

/// <summary>One range between two anchors, metres.</summary>
readonly record struct InterAnchorRange(string From, string To, double RangeM);

/// <summary>What is known of the anchors, and the frame they are to be told in.</summary>
sealed record SurveyOptions
{
    /// <summary>Heights are looked for too; else every anchor's is known.</summary>
    public bool IsThreeD { get; init; }

    /// <summary>Known heights above the floor, metres.</summary>
    public IReadOnlyDictionary<string, double> HeightsM { get; init; } = new Dictionary<string, double>();

    /// <summary>Anchors somebody measured: the frame is theirs. Three or more, or none.</summary>
    public IReadOnlyDictionary<string, Vector3> SurveyedM { get; init; } = new Dictionary<string, Vector3>();

    /// <summary>Without surveyed anchors: this one is at (0, 0).</summary>
    public string? Origin { get; init; }

    /// <summary>This one is on the x axis.</summary>
    public string? XAxis { get; init; }

    /// <summary>This one is to the left of the x axis: y above 0. It tells which way round the plan is.</summary>
    public string? Side { get; init; }

    /// <summary>
    /// Of the median of a pair's ranges, at the least, metres: antennas, multipath, the anchor's own middle.
    /// </summary>
    public double SigmaM { get; init; } = 0.05;

    /// <summary>
    /// Of a module's antenna delay that nobody calibrated, metres (DW1000 modules differ by up to 0.3 m; Qorvo APS014).
    /// </summary>
    public double BiasSigmaM { get; init; } = 0.3;
}

/// <summary>An anchor as found.</summary>
/// <param name="SigmaM">of x, y and z; null where the ranges do not tell</param>
/// <param name="BiasM">its part of every range, too long by it; null: not to be told apart</param>
/// <param name="MirrorM">the other place that fits as well; null: none does</param>
sealed record PlacedAnchor(
    string Id, Vector3 PositionM, Vector3? SigmaM, double? BiasM, double? BiasSigmaM, int Ranges, Vector3? MirrorM);

/// <summary>A pair of anchors with its range.</summary>
/// <param name="RangeM">the median of all</param>
/// <param name="ResidualM">range less what the places and biases say</param>
sealed record PairResidual(
    string From, string To, int Count, double RangeM, double SigmaM, double ResidualM, bool IsOutlier);

/// <summary>Anchors placed from their ranges to each other.</summary>
/// <param name="RmsM">of the residuals of pairs that are no outliers</param>
/// <param name="Redundancy">ranges less unknowns: 0 or less checks nothing</param>
sealed record SurveyResult(
    IReadOnlyList<PlacedAnchor> Anchors, IReadOnlyList<PairResidual> Pairs, IReadOnlyList<string> Missing,
    IReadOnlyList<string> Notes, double RmsM, int Redundancy);

/// <summary>
/// Anchors placed from the ranges between them: multidimensional scaling (Torgerson 1952; what is missing filled by
/// shortest ways) from several beginnings, then Levenberg and Marquardt's steps on Cauchy's loss. Each anchor's
/// antenna delay goes into all its ranges and is estimated where there are ranges to spare.
/// </summary>
static class AnchorSurvey
{
    /// <summary>A pair whose residual is larger is an outlier.</summary>
    const double OutlierSigmas = 4;

    /// <summary>
    /// A mirrored place whose misfit is larger by less than this fits as well: chi-square, two degrees, 95 %.
    /// </summary>
    const double MirrorCost = 6, MirrorM = 0.3;

    const int Starts = 24;

    /// <summary>What hinders a survey, all at once; empty: nothing.</summary>
    public static IReadOnlyList<string> Faults(IReadOnlyList<InterAnchorRange> ranges, SurveyOptions options)
    {
        var faults = new List<string>();
        string[] ids = IdsOf(ranges);
        int needed = options.IsThreeD ? 4 : 3;
        if (ids.Length < needed) faults.Add($"{ids.Length} anchors have ranges: at least {needed}");
        foreach (string id in ids)
        {
            if (!options.IsThreeD && !options.HeightsM.ContainsKey(id) && !options.SurveyedM.ContainsKey(id))
                faults.Add($"the height of {id} is not said: say it, or survey in 3-D");
        }

        foreach (string id in Unconnected(ids, ranges)) faults.Add($"{id} has no chain of ranges to {ids[0]}");
        string[] surveyed = [.. options.SurveyedM.Keys.Where(ids.Contains)];
        if (options.SurveyedM.Count > 0 && surveyed.Length < 3)
            faults.Add($"{surveyed.Length} surveyed anchors have ranges: at least 3, or name origin, x axis and side");
        if (options.SurveyedM.Count == 0) faults.AddRange(NamedFaults(ids, options));
        return faults;
    }

    /// <summary>Null when no places fit; call it only where <see cref="Faults"/> finds nothing.</summary>
    public static SurveyResult? Solve(IReadOnlyList<InterAnchorRange> ranges, SurveyOptions options)
    {
        string[] ids = IdsOf(ranges);
        var pairs = Pairs(ranges, ids, options);
        var heights = HeightsOf(ids, options);
        int size = options.IsThreeD ? 3 : 2;
        int known = ids.Count(options.SurveyedM.ContainsKey);
        int unknown = (ids.Length * size) - (known > 0 ? known * size : options.IsThreeD ? 6 : 3);
        bool hasBias = pairs.Count > unknown + ids.Length;
        var problem = new SurveyProblem(pairs, ids.Length, size, heights, hasBias ? options.BiasSigmaM : 0);
        var plans = SurveyStart.All(problem, Starts).Select(start => problem.Refine(start, 60))
            .OrderBy(plan => plan.Cost).ToList();
        var found = new List<(double[] At, double Cost)>();
        foreach (var (plan, cost) in plans)
        {
            // The plans that fit about as well as the best: laid into the frame, they may place an anchor elsewhere.
            if (cost > plans[0].Cost + MirrorCost) break;
            if (SurveyFrame.Place(problem, plan, ids, options) is { } framed) found.Add(problem.Refine(framed, 60));
        }

        if (found.Count == 0) return null;
        var (best, least) = found.MinBy(plan => plan.Cost);
        var others = found.Where(plan => plan.Cost < least + MirrorCost).Select(plan => plan.At).ToList();
        return Told(problem, best, least, others, ids, options, unknown + (hasBias ? ids.Length : 0));
    }

    static SurveyResult Told(
        SurveyProblem problem, double[] best, double least, List<double[]> others, string[] ids,
        SurveyOptions options, int unknown)
    {
        var inverse = problem.Covariance(best);
        var residuals = problem.Pairs.Select(pair => (Pair: pair, Residual: problem.ResidualM(pair, best))).ToList();
        var told = residuals.Select(row => new PairResidual(
            ids[row.Pair.From], ids[row.Pair.To], row.Pair.Count, row.Pair.RangeM, row.Pair.SigmaM, row.Residual,
            Math.Abs(row.Residual) > OutlierSigmas * Math.Max(row.Pair.SigmaM, options.SigmaM))).ToList();
        var good = told.Where(pair => !pair.IsOutlier).ToList();
        var anchors = new List<PlacedAnchor>();
        for (int i = 0; i < ids.Length; i++)
        {
            anchors.Add(new PlacedAnchor(
                ids[i], problem.PlaceOf(best, i), SigmaOf(problem, inverse, i),
                problem.HasBias ? best[problem.BiasAt(i)] : null,
                problem.HasBias && inverse is not null ? Root(inverse, problem.Count, problem.BiasAt(i)) : null,
                problem.Pairs.Count(pair => pair.From == i || pair.To == i), Mirror(problem, best, least, i)
                    ?? Elsewhere(problem, best, others, i)));
        }

        return new SurveyResult(
            anchors, told, Missing(problem, ids), Notes(problem, anchors, told, unknown, ids.Length),
            good.Count > 0 ? Math.Sqrt(good.Average(pair => pair.ResidualM * pair.ResidualM)) : 0,
            problem.Pairs.Count - unknown);
    }

    static List<string> Notes(
        SurveyProblem problem, List<PlacedAnchor> anchors, List<PairResidual> pairs, int unknown, int count)
    {
        var notes = new List<string>();
        if (!problem.HasBias)
        {
            notes.Add($"antenna delays are taken to be 0: {problem.Pairs.Count} ranges do not tell them and "
                + $"{unknown} coordinates of {count} anchors");
        }

        if (problem.Pairs.Count <= unknown)
            notes.Add($"{problem.Pairs.Count} ranges for {unknown} unknowns: nothing checks them");
        foreach (var anchor in anchors.Where(anchor => anchor.MirrorM is not null))
        {
            var m = anchor.MirrorM!.Value;
            notes.Add(FormattableString.Invariant(
                $"{anchor.Id} fits as well at ({m.X:F2}, {m.Y:F2}, {m.Z:F2}): measure it to one more anchor"));
        }

        foreach (var pair in pairs.Where(pair => pair.IsOutlier))
        {
            notes.Add(FormattableString.Invariant(
                $"{pair.From} to {pair.To} is off by {pair.ResidualM:F2} m and counts little: is it in sight?"));
        }

        return notes;
    }

    static List<string> Missing(SurveyProblem problem, string[] ids)
    {
        var missing = new List<string>();
        for (int i = 0; i < ids.Length; i++)
        {
            for (int j = i + 1; j < ids.Length; j++)
            {
                if (!problem.Pairs.Any(pair => (pair.From, pair.To) == (i, j))) missing.Add($"{ids[i]} to {ids[j]}");
            }
        }

        return missing;
    }

    // Across the line (in 3-D the plane) of those it is measured to: the same ranges, another place.
    static Vector3? Mirror(SurveyProblem problem, double[] best, double least, int anchor)
    {
        if (problem.IsHeld(anchor)) return null;
        double[] tried = [.. best];
        if (!SurveyFrame.TryReflect(problem, tried, anchor)) return null;
        var (found, cost) = problem.Refine(tried, 40);
        var at = problem.PlaceOf(found, anchor);
        return cost - least < MirrorCost && Vector3.Distance(at, problem.PlaceOf(best, anchor)) > MirrorM ? at : null;
    }

    static Vector3? Elsewhere(SurveyProblem problem, double[] best, List<double[]> others, int anchor)
    {
        var at = problem.PlaceOf(best, anchor);
        foreach (double[] other in others)
        {
            if (Vector3.Distance(problem.PlaceOf(other, anchor), at) > MirrorM) return problem.PlaceOf(other, anchor);
        }

        return null;
    }

    static Vector3? SigmaOf(SurveyProblem problem, double[]? inverse, int anchor)
    {
        if (inverse is null) return null;
        double At(int axis) => axis < problem.Size ? Root(inverse, problem.Count, (anchor * problem.Size) + axis) : 0;
        return new Vector3((float)At(0), (float)At(1), (float)At(2));
    }

    static double Root(double[] inverse, int n, int i) => Math.Sqrt(Math.Max(0, inverse[(i * n) + i]));

    static string[] IdsOf(IReadOnlyList<InterAnchorRange> ranges) =>
        [.. ranges.SelectMany(range => new[] { range.From, range.To }).Distinct().Order(StringComparer.Ordinal)];

    static double[] HeightsOf(string[] ids, SurveyOptions options) =>
        [.. ids.Select(id => options.HeightsM.TryGetValue(id, out double height) ? height
            : options.SurveyedM.TryGetValue(id, out var at) ? at.Z : 0)];

    static List<SurveyPair> Pairs(IReadOnlyList<InterAnchorRange> ranges, string[] ids, SurveyOptions options)
    {
        var pairs = new List<SurveyPair>();
        var groups = ranges.GroupBy(range =>
        {
            int a = Array.IndexOf(ids, range.From), b = Array.IndexOf(ids, range.To);
            return (Math.Min(a, b), Math.Max(a, b));
        });
        foreach (var group in groups.OrderBy(group => group.Key))
        {
            double[] sorted = [.. group.Select(range => range.RangeM).Order()];
            double median = Median(sorted);
            double spread = 1.4826 * Median([.. sorted.Select(range => Math.Abs(range - median)).Order()]);
            // A median of n is known to 1.25 s / root n; what all of them share is not in their spread.
            double own = 1.25 * spread / Math.Sqrt(sorted.Length);
            pairs.Add(new SurveyPair(group.Key.Item1, group.Key.Item2, sorted.Length, median,
                Math.Sqrt((own * own) + (options.SigmaM * options.SigmaM))));
        }

        return pairs;
    }

    static double Median(double[] sorted) => sorted.Length % 2 == 1
        ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;

    static IEnumerable<string> Unconnected(string[] ids, IReadOnlyList<InterAnchorRange> ranges)
    {
        if (ids.Length == 0) return [];
        var reached = new HashSet<string>(StringComparer.Ordinal) { ids[0] };
        for (bool grew = true; grew;)
        {
            grew = false;
            foreach (var range in ranges)
            {
                if (reached.Contains(range.From) && reached.Add(range.To)) grew = true;
                if (reached.Contains(range.To) && reached.Add(range.From)) grew = true;
            }
        }

        return ids.Where(id => !reached.Contains(id));
    }

    static IEnumerable<string> NamedFaults(string[] ids, SurveyOptions options)
    {
        string[] needed = ["origin", "x axis", "side"];
        string?[] named = [options.Origin, options.XAxis, options.Side];
        for (int i = 0; i < 3; i++)
        {
            if (named[i] is not { } id) yield return $"no {needed[i]} anchor is named: or give 3 surveyed anchors";
            else if (!ids.Contains(id)) yield return $"{needed[i]} anchor {id} has no ranges";
        }

        if (named.All(id => id is not null) && named.Distinct().Count() < 3)
            yield return "origin, x axis and side are three different anchors";
    }
}
