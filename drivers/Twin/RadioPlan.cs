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

    /// <summary>Six posts round the yard at unlike heights, so that height does not hide in a plane of posts.</summary>
    public static IReadOnlyList<Station> Stations(Site site)
    {
        float near = site.NearM - 1, far = site.WallM - .5f, middle = (near + far) / 2;
        return
        [
            new("A1", new Vector3(site.LeftM(near) - 1.5f, near, 3.2f)),
            new("A2", new Vector3(site.RightM(near) + 1.5f, near, 2.6f)),
            new("A3", new Vector3(site.RightM(far) - 2, far, 4.4f)),
            new("A4", new Vector3(site.LeftM(far) + 2, far, 3.6f)),
            new("A5", new Vector3(site.LeftM(middle) - 1, middle, 4.0f)),
            new("A6", new Vector3(site.RightM(middle) + 1, middle, 3.0f)),
        ];
    }

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
