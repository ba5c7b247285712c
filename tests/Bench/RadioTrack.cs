using System.Numerics;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Bench;

/// <summary>Received powers of one tag whose place is known all the while.</summary>
/// <param name="Heard">oldest first, with the true place of each</param>
sealed record RadioTrack(string Name, IReadOnlyList<(double AtS, HeardPower Power)> Heard)
{
    /// <summary>The true place at an instant, on the line between two readings'; null outside of the track.</summary>
    public Vector2? PlaceAt(double atS)
    {
        int low = 0, high = Heard.Count - 1;
        if (high < 0 || atS < Heard[low].AtS || atS > Heard[high].AtS) return null;
        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            if (Heard[middle].AtS <= atS) low = middle;
            else high = middle;
        }

        double gap = Heard[high].AtS - Heard[low].AtS;
        float share = gap > 0 ? (float)((atS - Heard[low].AtS) / gap) : 0;
        var at = Vector3.Lerp(Heard[low].Power.AtM, Heard[high].Power.AtM, share);
        return new Vector2(at.X, at.Y);
    }
}
