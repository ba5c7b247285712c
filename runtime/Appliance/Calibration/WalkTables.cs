namespace EdgeAppliance.Runtime.Calibration;

/// <summary>Somebody the camera saw: the lower and upper edge's middle.</summary>
/// <param name="U">pixels, OpenCV's: the middle of the first pixel is 0</param>
/// <param name="V">of the lower edge</param>
/// <param name="HeightPx">of the box</param>
/// <param name="Track">its track; null: nobody followed it</param>
readonly record struct Sighting(double TimeS, double U, double V, double HeightPx, int? Track);

/// <summary>Where a tag was, site frame, metres.</summary>
/// <param name="SigmaM">of each axis</param>
readonly record struct TagPlace(double TimeS, double X, double Y, double SigmaM);

/// <summary>A walk as the camera and as the radio saw it: what a pose is worked out from.</summary>
sealed class WalkTables
{
    // Farther apart two fixes say nothing of the time between them: a walker has gone 1.4 m.
    const double GapS = 1;

    readonly SortedList<string, TagPlace[]> _places = new(StringComparer.Ordinal);

    /// <param name="sightings">in any order</param>
    /// <param name="places">by tag, in any order</param>
    /// <param name="everyS">instants nearer together than this are left out: they tell the same</param>
    public WalkTables(
        IEnumerable<Sighting> sightings, IEnumerable<(string Tag, TagPlace Place)> places, double everyS = 0.2)
    {
        foreach (var tag in places.GroupBy(row => row.Tag, StringComparer.Ordinal))
            _places[tag.Key] = [.. tag.Select(row => row.Place).OrderBy(place => place.TimeS)];
        var instants = new List<Sighting[]>();
        double last = double.NegativeInfinity;
        foreach (var instant in sightings.GroupBy(sighting => sighting.TimeS).OrderBy(group => group.Key))
        {
            if (instant.Key < last + everyS - 1e-6) continue;
            last = instant.Key;
            instants.Add([.. instant]);
        }

        Instants = instants.Any(i => i.Any(s => s.Track is not null)) ? instants : Linked(instants);
    }

    /// <summary>What was seen, instant by instant.</summary>
    public IReadOnlyList<Sighting[]> Instants { get; }

    public IList<string> Tags => _places.Keys;

    /// <summary>Where a tag was, oldest first.</summary>
    public IReadOnlyList<TagPlace> PlacesOf(string tag) => _places[tag];

    /// <summary>Where a tag was, between two fixes on the straight way; null where that is not known.</summary>
    public TagPlace? PlaceAt(string tag, double timeS)
    {
        var places = _places[tag];
        int low = 0, high = places.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (places[middle].TimeS < timeS) low = middle + 1;
            else high = middle;
        }

        if (low < places.Length && places[low].TimeS - timeS < 1e-6) return places[low];
        if (low == 0 || low == places.Length) return null;
        var (before, after) = (places[low - 1], places[low]);
        double gap = after.TimeS - before.TimeS;
        if (gap > GapS) return null;
        double part = (timeS - before.TimeS) / gap;
        return new TagPlace(
            timeS, before.X + (part * (after.X - before.X)), before.Y + (part * (after.Y - before.Y)),
            Math.Max(before.SigmaM, after.SigmaM));
    }

    // Boxes nobody followed: the nearest foot within half a box's height goes on, each way round.
    static List<Sighting[]> Linked(List<Sighting[]> instants)
    {
        var linked = new List<Sighting[]>(instants.Count);
        int next = 1;
        foreach (var instant in instants)
        {
            var last = linked.Count > 0 && instant.Length > 0 && linked[^1].Length > 0
                && instant[0].TimeS - linked[^1][0].TimeS < GapS ? linked[^1] : [];
            linked.Add([.. instant.Select(seen => seen with
            {
                Track = Nearest(seen, last) is { } before && Nearest(before, instant) == seen ? before.Track : next++,
            })]);
        }

        return linked;
    }

    static Sighting? Nearest(in Sighting of, Sighting[] among)
    {
        Sighting? nearest = null;
        double least = of.HeightPx / 2;
        foreach (var other in among)
        {
            double distance = Math.Sqrt(((other.U - of.U) * (other.U - of.U)) + ((other.V - of.V) * (other.V - of.V)));
            if (distance < least) (nearest, least) = (other, distance);
        }

        return nearest;
    }
}
