using System.Numerics;

namespace EdgeAppliance.Drivers.Twin;

enum PropKind { Crates, Pallet, Drum, Lamp, Cone }

/// <summary>Something that stands still and may hide people.</summary>
sealed record Prop(PropKind Kind, Vector2 AtM, float Heading, float SizeM, Paint Paint)
{
    /// <summary>Nobody's middle comes nearer, metres.</summary>
    public float RoomM => Kind switch
    {
        PropKind.Crates or PropKind.Pallet => SizeM * .8f,
        PropKind.Lamp => .3f,
        _ => .45f,
    };

    public void Draw(Sketch sketch, float lit)
    {
        var at = new Block(new Stance(AtM, Heading, 0, 0));
        var round = new Vector2(1.12f, .68f) * lit;
        switch (Kind)
        {
            case PropKind.Crates:
                Crate(sketch, at, 0, SizeM * .75f, lit);
                Crate(sketch, at, SizeM * .78f, SizeM * 1.25f, lit);
                break;
            case PropKind.Pallet:
                at.Draw(sketch, -SizeM / 2, SizeM / 2, SizeM * .45f, .02f, .14f, 1, 1, Paint.Times(.8f), lit);
                at.Draw(sketch, -SizeM * .44f, SizeM * .44f, SizeM * .4f, .14f, .7f, 1, 1, Paint.Rgb(190, 188, 180),
                    lit);
                break;
            case PropKind.Drum:
                Drum(sketch, at, round, lit);
                break;
            case PropKind.Lamp:
                sketch.Hull([new(at.Point(0, 0, 0), .09f), new(at.Point(0, 0, 6.6f), .05f)], Paint, round);
                break;
            default:
                sketch.Hull([new(at.Point(0, 0, .05f), .2f), new(at.Point(0, 0, .62f), .04f)], Paint, round);
                sketch.Hull([new(at.Point(0, 0, .33f), .105f), new(at.Point(0, 0, .4f), .09f)],
                    Paint.Rgb(235, 235, 230), round);
                break;
        }
    }

    void Drum(Sketch sketch, in Block at, Vector2 round, float lit)
    {
        const int Corners = 12;
        Span<Vector3> rims = stackalloc Vector3[2 * Corners];
        for (int i = 0; i < Corners; i++)
        {
            var (sin, cos) = MathF.SinCos(i * 2 * MathF.PI / Corners);
            rims[i] = at.Point(.29f * cos, .29f * sin, 0);
            rims[Corners + i] = at.Point(.29f * cos, .29f * sin, .88f);
        }

        sketch.Silhouette(rims, Paint, round);
        sketch.Face(rims[Corners..], Paint, 1.25f * lit);
    }

    void Crate(Sketch sketch, in Block at, float low, float high, float lit)
    {
        float half = SizeM / 2;
        at.Draw(sketch, -half, half, half * .9f, low, high, 1, 1, Paint, lit);
        for (int slat = 1; slat <= 2; slat++)
        {
            float z = low + ((high - low) * slat / 3);
            at.Draw(sketch, -half * 1.01f, half * 1.01f, half * .91f, z, z + .05f, 1, 1, Paint.Times(.72f), lit);
        }
    }

    public void DrawShadow(Sketch shadows, Vector2 sunM)
    {
        float high = Kind switch
        {
            PropKind.Crates => SizeM * 1.25f,
            PropKind.Pallet => .7f,
            PropKind.Drum => .9f,
            PropKind.Lamp => 6.6f,
            _ => .6f,
        };
        float wide = Kind switch
        {
            PropKind.Crates or PropKind.Pallet => SizeM * .55f,
            PropKind.Lamp => .07f,
            _ => .22f,
        };
        var top = new Vector3(AtM + (sunM * high), 0);
        shadows.Hull([new(new Vector3(AtM, 0), wide), new(top, Kind == PropKind.Cone ? .04f : wide)], default,
            Vector2.One);
    }
}

/// <summary>The ground plan of one site, drawn from a seed: camera, road, props and lamps.</summary>
sealed class Site
{
    /// <summary>How far outside the picture actors turn up and vanish, pixels at 1280 columns.</summary>
    const float MarginPx = 60;

    public Site(ulong seed, int width, int height)
    {
        var seeded = new Seeded(Seeded.Mix(seed, 1));
        float scale = width / 1280f;
        Lens = new Lens(
            new Vector3(0, 0, seeded.Between(5.2f, 6.8f)), float.DegreesToRadians(seeded.Between(15.5f, 19.5f)),
            float.DegreesToRadians(seeded.Between(-4, 4)), seeded.Between(930, 1080) * scale, width, height);
        float nearest =
            Lens.PositionM.Z / MathF.Tan(MathF.Asin(-Lens.Forward.Z) + MathF.Atan(height / 2f / Lens.FocalPx));
        NearM = nearest + seeded.Between(1.2f, 1.8f);
        RoadNearM = NearM + seeded.Between(3.6f, 4.6f);
        RoadFarM = RoadNearM + 6.6f;
        FarM = RoadFarM + seeded.Between(5, 6.5f);
        WallM = FarM + seeded.Between(2.5f, 5);
        Props = DrawProps(ref seeded);
    }

    public Lens Lens { get; }

    /// <summary>The nearest distance people stop at.</summary>
    public float NearM { get; }

    public float RoadNearM { get; }

    public float RoadFarM { get; }

    /// <summary>The farthest distance people stop at.</summary>
    public float FarM { get; }

    /// <summary>Where the building stands.</summary>
    public float WallM { get; }

    public IReadOnlyList<Prop> Props { get; }

    public float LeftM(float y) => Lens.GroundX(0, y);

    public float RightM(float y) => Lens.GroundX(Lens.Width, y);

    /// <summary>Beside the picture, at a distance.</summary>
    public Vector2 Outside(bool left, float y)
    {
        float marginPx = MarginPx * Lens.Width / 1280;
        float x = Lens.GroundX(left ? -marginPx : Lens.Width + marginPx, y);
        return new Vector2(x + (left ? -.4f : .4f), y);
    }

    /// <summary>Brightness of lamps at a ground point: 0 without, 1 under one.</summary>
    public float LampLight(float x, float y)
    {
        float sum = 0;
        foreach (var prop in Props)
        {
            if (prop.Kind != PropKind.Lamp) continue;
            float squared = Vector2.DistanceSquared(prop.AtM, new Vector2(x, y));
            sum += 1 / (1 + (squared / 14));
        }

        return MathF.Min(1.4f, sum);
    }

    List<Prop> DrawProps(ref Seeded seeded)
    {
        var props = new List<Prop>
        {
            new(PropKind.Lamp, new Vector2(LeftM(RoadFarM) * .55f, RoadFarM + .7f), 0, 1, Paint.Rgb(96, 100, 104)),
            new(PropKind.Lamp, new Vector2(RightM(RoadFarM) * .6f, RoadFarM + .7f), 0, 1, Paint.Rgb(96, 100, 104)),
        };
        int count = 5 + seeded.Below(4);
        for (int tried = 0; props.Count < count + 2 && tried < 100; tried++)
        {
            bool isBehind = seeded.Chance(.6f);
            float y = isBehind
                ? seeded.Between(RoadFarM + .9f, FarM + 1)
                : seeded.Between(NearM + .3f, RoadNearM - .8f);
            var at = new Vector2(seeded.Between(LeftM(y) * .92f, RightM(y) * .92f), y);
            var kind = (PropKind)seeded.Below(5);
            if (kind == PropKind.Lamp) kind = PropKind.Cone;
            var paint = kind switch
            {
                PropKind.Crates or PropKind.Pallet => Paint.Rgb(178, 136, 88).Times(seeded.Between(.8f, 1.1f)),
                PropKind.Drum => seeded.Chance(.5f) ? Paint.Rgb(40, 75, 140) : Paint.Rgb(150, 45, 35),
                _ => Paint.Rgb(240, 105, 35),
            };
            var prop = new Prop(kind, at, seeded.Between(-.5f, .5f), seeded.Between(.85f, 1.25f), paint);
            if (props.TrueForAll(other => Vector2.Distance(other.AtM, at) > 1.6f)) props.Add(prop);
        }

        return props;
    }
}
