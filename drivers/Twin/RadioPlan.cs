using System.Numerics;
using EdgeAppliance.Drivers.Radio;

namespace EdgeAppliance.Drivers.Twin;

/// <summary>A tag of the world: carried by somebody, or left lying somewhere.</summary>
sealed record TwinTag(int Index, string Name, string Class, Actor? Carrier, Vector3 LyingM)
{
    public Vector3 PositionM(TimeSpan t) =>
        Carrier is { } carrier ? carrier.TagM(carrier.Way.Stance(t.TotalSeconds)) : LyingM;
}

/// <summary>Where the radio posts stand and which tags there are.</summary>
static class RadioPlan
{
    /// <summary>Two tags nobody wears: a drawer and a fence are places tags are left at.</summary>
    const int LyingTags = 2;

    /// <summary>
    /// Six posts round the yard at unlike heights, so that height does not hide in a plane of posts. Each bears an
    /// anchor (A1 to A6) and, 30 cm below, a scanner (S1 to S6).
    /// </summary>
    public static IReadOnlyList<Station> Stations(Site site)
    {
        float near = site.NearM - 1, far = site.WallM - .5f, middle = (near + far) / 2;
        Vector3[] posts =
        [
            new(site.LeftM(near) - 1.5f, near, 3.2f), new(site.RightM(near) + 1.5f, near, 2.6f),
            new(site.RightM(far) - 2, far, 4.4f), new(site.LeftM(far) + 2, far, 3.6f),
            new(site.LeftM(middle) - 1, middle, 4), new(site.RightM(middle) + 1, middle, 3),
        ];
        return
        [
            .. posts.Select((post, i) => new Station($"A{i + 1}", post)),
            .. posts.Select((post, i) => new Station($"S{i + 1}", post - new Vector3(0, 0, .3f))),
        ];
    }

    /// <summary>Anchors measure ranges, scanners power.</summary>
    public static bool IsAnchor(string station) => station[0] == 'A';

    public static IReadOnlyList<TwinTag> Tags(TwinWorld world)
    {
        var tags = new List<TwinTag>();
        foreach (var actor in world.Actors)
        {
            if (actor.Tag is { } name) tags.Add(new TwinTag(tags.Count, name, actor.Class, actor, default));
        }

        var seeded = new Seeded(Seeded.Mix((ulong)world.Seed, 17));
        for (int i = 0; i < LyingTags; i++)
        {
            float y = seeded.Between(world.Site.NearM, world.Site.FarM);
            float x = seeded.Between(world.Site.LeftM(y), world.Site.RightM(y));
            tags.Add(new TwinTag(tags.Count, $"P{90 + i}", TwinWorld.PersonClass, null, new Vector3(x, y, .8f)));
        }

        return tags;
    }
}
