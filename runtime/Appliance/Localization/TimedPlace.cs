using System.Numerics;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>Where something was, and when, by one clock and in one frame.</summary>
/// <param name="AtS">seconds of the clock it was seen by</param>
/// <param name="Place">in the frame it was seen in: metres, or whatever that source counts in</param>
readonly record struct TimedPlace(double AtS, Vector3 Place);

/// <summary>Places of one thing in the order of their times.</summary>
static class TimedPlaces
{
    /// <summary>
    /// The place at an instant, straight between the two around it; null outside, or where those are farther apart
    /// than <paramref name="gapMaxS"/>.
    /// </summary>
    /// <param name="from">where the last search ended; asked in the order of time, nothing is searched twice</param>
    public static Vector3? At(ReadOnlySpan<TimedPlace> places, double atS, double gapMaxS, ref int from)
    {
        if (places.Length < 2 || !(atS >= places[0].AtS) || !(atS <= places[^1].AtS)) return null;
        int next = Math.Clamp(from, 1, places.Length - 1);
        while (next > 1 && places[next - 1].AtS > atS) next--;
        while (next < places.Length - 1 && places[next].AtS < atS) next++;
        from = next;
        double gap = places[next].AtS - places[next - 1].AtS;
        if (!(gap <= gapMaxS)) return null;
        double share = gap > 0 ? (atS - places[next - 1].AtS) / gap : 1;
        return Vector3.Lerp(places[next - 1].Place, places[next].Place, (float)share);
    }

    /// <summary>Without places that are not numbers, and of several at one instant only the last.</summary>
    public static TimedPlace[] Cleaned(ReadOnlySpan<TimedPlace> places)
    {
        var kept = new List<TimedPlace>(places.Length);
        foreach (ref readonly var place in places)
        {
            if (!double.IsFinite(place.AtS) || !float.IsFinite(place.Place.LengthSquared())) continue;
            if (kept.Count > 0 && place.AtS <= kept[^1].AtS)
            {
                if (place.AtS == kept[^1].AtS) kept[^1] = place;
                continue;
            }

            kept.Add(place);
        }

        return [.. kept];
    }
}
