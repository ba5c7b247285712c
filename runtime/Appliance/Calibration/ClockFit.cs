using System.Numerics;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Runtime.Calibration;

/// <summary>A track that goes where a tag goes, some time apart.</summary>
/// <param name="OffsetS">to be added to the radio's times to have the camera's, seconds</param>
/// <param name="ResidualM">what is left between the two, metres</param>
readonly record struct ClockPair(string Tag, int Track, double OffsetS, double SigmaS, double ResidualM);

/// <summary>The radio's clock against the camera's, from a run with a calibrated camera.</summary>
/// <param name="Pairs">what it rests on</param>
/// <param name="LeftOut">tracks that said something else</param>
sealed record ClockFound(
    double OffsetS, double SigmaS, IReadOnlyList<ClockPair> Pairs, IReadOnlyList<ClockPair> LeftOut);

/// <summary>
/// Every tag is tried on every track that was long enough in sight. Where camera and radio are calibrated the frames
/// are the same but for a shift, so that only the track of whoever carries the tag fits, at one offset.
/// </summary>
static class ClockFit
{
    // What frames may be apart, metres: more is another person's track.
    const double ShiftMaxM = 1, ResidualMaxM = 0.6;

    // The longest ones: each is tried with every tag, and more than these say the same again.
    const int TracksMax = 64;

    // Pairs agree when they are nearer than so many of their deviations to the middle one.
    const double AgreeSigmas = 3, SigmaLeastS = 0.02;

    static OffsetRules Rules(double reachS) => new()
    {
        Alignment = new AlignmentRules { IsPlanar = true, Freedom = FrameFreedom.Shift },
        // As the monitor of a running appliance has them.
        LeadSigma = 0.1,
        NoiseMin = 0.05,
        SigmaMaxS = 0.2,
        ReachS = reachS,
    };

    /// <summary>Null when no track goes where a tag goes.</summary>
    public static ClockFound? Find(WalkTables walk, CameraGeometry geometry, double reachS)
    {
        var rules = Rules(reachS);
        var tracks = Tracks(walk, geometry);
        var pairs = new List<ClockPair>();
        foreach (string tag in walk.Tags)
        {
            TimedPlace[] radio = [.. walk.PlacesOf(tag).Select(
                place => new TimedPlace(place.TimeS, new Vector3((float)place.X, (float)place.Y, 0)))];
            foreach (var (track, places) in tracks)
            {
                ClockOffset.TryEstimate(radio, places, rules, 0, out var found);
                if (found is null || found.Alignment.Residual > ResidualMaxM) continue;
                var middle = radio[radio.Length / 2].Place;
                if (Vector3.Distance(found.Alignment.TargetFromSource(middle), middle) > ShiftMaxM) continue;
                pairs.Add(new ClockPair(tag, track, found.OffsetS, found.SigmaS, found.Alignment.Residual));
            }
        }

        // A track is of one tag: the one it fits best.
        pairs = [.. pairs.GroupBy(pair => pair.Track).Select(group => group.MinBy(pair => pair.ResidualM))];
        return pairs.Count == 0 ? null : Together(pairs);
    }

    static ClockFound Together(List<ClockPair> pairs)
    {
        double[] sorted = [.. pairs.Select(pair => pair.OffsetS).Order()];
        double middle = sorted[sorted.Length / 2];
        var agree = pairs.ToLookup(pair =>
            Math.Abs(pair.OffsetS - middle) <= AgreeSigmas * Math.Max(SigmaLeastS, pair.SigmaS));
        double weights = agree[true].Sum(Weight);
        double offset = agree[true].Sum(pair => Weight(pair) * pair.OffsetS) / weights;
        int spare = Math.Max(1, agree[true].Count() - 1);
        double misfit = agree[true].Sum(pair => Weight(pair) * Math.Pow(pair.OffsetS - offset, 2)) / spare;
        double sigma = Math.Max(SigmaLeastS, Math.Sqrt(Math.Max(1, misfit) / weights));
        return new ClockFound(offset, sigma, [.. agree[true]], [.. agree[false]]);

        static double Weight(ClockPair pair) => 1 / (pair.SigmaS * pair.SigmaS);
    }

    static List<(int Track, TimedPlace[] Places)> Tracks(WalkTables walk, CameraGeometry geometry)
    {
        // A foot point is good to two pixels where nothing hides it; beyond a metre of doubt it says no time.
        const float FootPx = 2;
        const double SigmaMaxM = 1;
        var tracks = new SortedDictionary<int, List<TimedPlace>>();
        foreach (var seen in walk.Instants.SelectMany(instant => instant))
        {
            if (seen.Track is not { } id) continue;
            var foot = new Vector2((float)(seen.U + 0.5), (float)(seen.V + 0.5));
            if (geometry.GroundAt(foot, new Vector2(FootPx * FootPx)) is not { } ground) continue;
            if (ground.Covariance.Xx + ground.Covariance.Yy > 2 * SigmaMaxM * SigmaMaxM) continue;
            if (!tracks.TryGetValue(id, out var places)) tracks.Add(id, places = []);
            places.Add(new TimedPlace(seen.TimeS, new Vector3(ground.AtM, 0)));
        }

        return [.. tracks.OrderByDescending(row => row.Value.Count).Take(TracksMax)
            .Select(row => (row.Key, row.Value.ToArray()))];
    }
}
