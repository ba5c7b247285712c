using System.Numerics;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>A camera's track: where one thing was while the camera did not lose it.</summary>
sealed record CameraTrack(string Id, IReadOnlyList<TimedPlace> Places);

/// <summary>A stretch of time in which one track carried the tag.</summary>
readonly record struct Carried(string TrackId, double FromS, double ToS);

/// <summary>Who carried a tag.</summary>
/// <param name="Stretches">by the camera's clock, in order</param>
/// <param name="Doubles">
/// tracks that stood beside the carrier all their life, nearer than two people do: the camera saw one person twice
/// </param>
/// <param name="OffsetS">to be added to the radio's times to have the camera's, seconds</param>
/// <param name="RadioFromCamera">the camera's frame on the radio's, metres</param>
/// <param name="ExplainedShare">the share of the time in which the tag was heard that a track explains</param>
sealed record CarrierResult(
    IReadOnlyList<Carried> Stretches, IReadOnlyList<string> Doubles, double OffsetS, Alignment RadioFromCamera,
    double ExplainedShare)
{
    /// <summary>All tracks of the carrier, doubles among them, in order of their names.</summary>
    public IReadOnlyList<string> Tracks =>
        [.. Stretches.Select(stretch => stretch.TrackId).Concat(Doubles).Distinct().Order(StringComparer.Ordinal)];
}

/// <summary>
/// Which of many tracks carries a tag, when neither the camera's frame, nor its unit, nor the clocks' offset is known
/// and tracks break. Each track that moves like the tag is taken for the carrier and gives frame and offset; under
/// those the cheapest path through all tracks is found (Viterbi: a track's distance from the tag, a price for changing
/// over, another for nobody); what is on the path gives a better frame and offset, until nothing changes. The start
/// with the cheapest path wins. The camera is put on the radio and not the other way: a track of somebody who stands
/// can then not explain a tag that walks by shrinking it.
/// </summary>
static class CarrierSearch
{
    const double SlotS = 0.25, ReachS = 2, GapMaxS = 1.5;
    const int Rounds = 6, StartsMax = 16, PairsMin = 30;

    // Indoors among people a UWB position is off by about half a metre; beyond two deviations the price grows like a
    // logarithm, so that a reflection is not a reason to change tracks, and nobody is as dear as two deviations.
    const double SigmaM = 0.5, CalmSquares = 4, ChangePrice = 8, NobodyPrice = 4;

    // Two people do not stand nearer than this for long.
    const double DoubleM = 0.5;
    const int DoubleInstants = 5;

    /// <summary>
    /// The carrier; null when no track moves like the tag, or the best start explains less than half of the time in
    /// which there was any track.
    /// </summary>
    /// <param name="radio">the tag by the radio's clock, metres, oldest first</param>
    /// <param name="tracks">by the camera's clock in its own frame and unit, each oldest first</param>
    /// <param name="isPlanar">only x and y count</param>
    public static CarrierResult? Find(
        IReadOnlyList<TimedPlace> radio, IReadOnlyList<CameraTrack> tracks, bool isPlanar)
    {
        var tag = TimedPlaces.Cleaned([.. radio]);
        var seen = tracks.Select(track => TimedPlaces.Cleaned([.. track.Places])).ToArray();
        if (tag.Length < PairsMin) return null;
        var rules = new AlignmentRules { IsPlanar = isPlanar, KeptShare = 0.8 };
        Path? best = null;
        foreach (var (start, offset) in Starts(tag, seen, rules))
        {
            var path = Settle(tag, seen, rules, start, offset);
            if (path is not null && (best is null || path.Price < best.Price)) best = path;
        }

        return best is null || best.ExplainedShare < 0.5 ? null : Told(best, tag, tracks, seen);
    }

    // Tracks that explain some of the tag's movement, the longest first.
    static IEnumerable<(Alignment Start, double OffsetS)> Starts(
        TimedPlace[] tag, TimedPlace[][] seen, AlignmentRules rules)
    {
        var byLength = seen.Where(track => track.Length >= PairsMin).OrderByDescending(track => track.Length);
        foreach (var track in byLength.Take(StartsMax))
        {
            (Alignment, double)? best = null;
            double least = double.PositiveInfinity;
            for (double offset = -ReachS; offset <= ReachS; offset += 2 * SlotS / 5)
            {
                var fit = Fit(tag, [track], offset, rules, whose: null);
                if (fit is null || !(fit.Residual < least)) continue;
                least = fit.Residual;
                best = (fit, offset);
            }

            if (best is { } start) yield return start;
        }
    }

    static Path? Settle(
        TimedPlace[] tag, TimedPlace[][] seen, AlignmentRules rules, Alignment start, double offsetS)
    {
        Path? path = null;
        var fit = start;
        for (int round = 0; round < Rounds; round++)
        {
            var next = Cheapest(tag, seen, fit, offsetS, rules.IsPlanar);
            if (path is not null && !(next.Price < path.Price - 1e-6)) return path;
            path = next;
            (Alignment Fit, double OffsetS)? better = null;
            for (double offset = -ReachS; offset <= ReachS; offset += 0.05)
            {
                var found = Fit(tag, seen, offset, rules, path.Whose);
                if (found is not null && !(found.Residual >= better?.Fit.Residual)) better = (found, offset);
            }

            if (better is not { } b) return path;
            (fit, offsetS) = b;
        }

        return path;
    }

    // The camera on the radio over the slots of the tag's time; whose tells which track to look at in each.
    static Alignment? Fit(
        TimedPlace[] tag, TimedPlace[][] seen, double offsetS, AlignmentRules rules, int[]? whose)
    {
        int slots = Slots(tag);
        var from = new List<Vector3>(slots);
        var to = new List<Vector3>(slots);
        int inTag = 1;
        var inTrack = new int[seen.Length];
        for (int slot = 0; slot < slots; slot++)
        {
            int track = whose?[slot] ?? 0;
            double at = tag[0].AtS + (slot * SlotS);
            if (track == seen.Length || TimedPlaces.At(tag, at, GapMaxS, ref inTag) is not { } heard) continue;
            if (TimedPlaces.At(seen[track], at + offsetS, GapMaxS, ref inTrack[track]) is not { } place) continue;
            from.Add(place);
            to.Add(heard);
        }

        if (from.Count < PairsMin) return null;
        FrameAlignment.TryFit([.. from], [.. to], rules, out var fit);
        return fit;
    }

    static Path Cheapest(TimedPlace[] tag, TimedPlace[][] seen, Alignment fit, double offsetS, bool isPlanar)
    {
        int slots = Slots(tag), nobody = seen.Length;
        var price = new double[nobody + 1];
        var before = new int[slots, nobody + 1];
        var here = new double[nobody + 1];
        int inTag = 1, heardSlots = 0;
        var inTrack = new int[nobody];
        for (int slot = 0; slot < slots; slot++)
        {
            double at = tag[0].AtS + (slot * SlotS);
            var heard = TimedPlaces.At(tag, at, GapMaxS, ref inTag);
            bool isAnySeen = false;
            for (int track = 0; track < nobody; track++)
            {
                var place = TimedPlaces.At(seen[track], at + offsetS, GapMaxS, ref inTrack[track]);
                isAnySeen |= place is not null;
                here[track] = place is { } p ? heard is { } h ? Price(fit.TargetFromSource(p) - h, isPlanar) : 0
                    : double.PositiveInfinity;
            }

            here[nobody] = heard is null ? 0 : NobodyPrice;
            if (heard is not null && isAnySeen) heardSlots++;
            int cheapest = Array.IndexOf(price, price.Min());
            double change = price[cheapest] + ChangePrice;
            for (int track = 0; track <= nobody; track++)
            {
                bool stays = slot == 0 || price[track] <= change;
                before[slot, track] = stays ? track : cheapest;
                here[track] += stays ? price[track] : change;
            }

            (price, here) = (here, price);
        }

        var whose = new int[slots];
        int last = Array.IndexOf(price, price.Min());
        double total = price[last];
        int carried = 0;
        for (int slot = slots - 1; slot >= 0; slot--)
        {
            whose[slot] = last;
            if (last != nobody) carried++;
            last = before[slot, last];
        }

        return new Path(whose, total, fit, offsetS, heardSlots == 0 ? 0 : Math.Min(1, (double)carried / heardSlots));
    }

    static double Price(Vector3 off, bool isPlanar)
    {
        double square = (isPlanar ? (off.X * off.X) + (off.Y * off.Y) : off.LengthSquared()) / (SigmaM * SigmaM);
        return square <= CalmSquares ? square : CalmSquares * (1 + Math.Log(square / CalmSquares));
    }

    static int Slots(TimedPlace[] tag) => (int)((tag[^1].AtS - tag[0].AtS) / SlotS) + 1;

    static CarrierResult Told(
        Path path, TimedPlace[] tag, IReadOnlyList<CameraTrack> tracks, TimedPlace[][] seen)
    {
        var stretches = new List<Carried>();
        int nobody = tracks.Count;
        for (int slot = 0; slot < path.Whose.Length; slot++)
        {
            int track = path.Whose[slot];
            if (track == nobody) continue;
            double at = tag[0].AtS + (slot * SlotS) + path.OffsetS;
            bool goesOn = slot > 0 && path.Whose[slot - 1] == track;
            if (goesOn) stretches[^1] = stretches[^1] with { ToS = at };
            else stretches.Add(new Carried(tracks[track].Id, at, at));
        }

        var doubles = new List<string>();
        for (int track = 0; track < nobody; track++)
        {
            if (!path.Whose.Contains(track) && IsDouble(path, tag, seen, track)) doubles.Add(tracks[track].Id);
        }

        return new CarrierResult(stretches, doubles, path.OffsetS, path.Fit, path.ExplainedShare);
    }

    static bool IsDouble(Path path, TimedPlace[] tag, TimedPlace[][] seen, int track)
    {
        double sum = 0;
        int count = 0;
        var inTrack = new int[seen.Length];
        foreach (var place in seen[track])
        {
            int slot = (int)Math.Round((place.AtS - path.OffsetS - tag[0].AtS) / SlotS);
            if (slot < 0 || slot >= path.Whose.Length || path.Whose[slot] == seen.Length) continue;
            int carrier = path.Whose[slot];
            if (TimedPlaces.At(seen[carrier], place.AtS, GapMaxS, ref inTrack[carrier]) is not { } beside) continue;
            sum += Vector3.Distance(path.Fit.TargetFromSource(place.Place), path.Fit.TargetFromSource(beside));
            count++;
        }

        return count >= DoubleInstants && 2 * count >= seen[track].Length && sum / count <= DoubleM;
    }

    sealed record Path(int[] Whose, double Price, Alignment Fit, double OffsetS, double ExplainedShare);
}
