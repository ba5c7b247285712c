using System.Numerics;

namespace EdgeAppliance.Drivers.Twin;

enum VehicleKind { Car, Van, Forklift }

/// <summary>How one vehicle looks, drawn once from the seed.</summary>
sealed record Vehicle(VehicleKind Kind, Paint Body, float LengthM, float WidthM, float HeightM)
{
    static readonly Paint Glass = Paint.Rgb(48, 58, 66);
    static readonly Paint Tyre = Paint.Rgb(26, 26, 28);
    static readonly Paint Hub = Paint.Rgb(140, 142, 145);
    static readonly Paint Dark = Paint.Rgb(45, 46, 50);
    static readonly Paint FrontLight = Paint.Rgb(250, 246, 225);
    static readonly Paint RearLight = Paint.Rgb(180, 25, 25);

    static readonly Paint[] Bodies =
    [
        Paint.Rgb(170, 30, 32), Paint.Rgb(228, 228, 226), Paint.Rgb(52, 78, 130), Paint.Rgb(150, 154, 158),
        Paint.Rgb(42, 44, 48), Paint.Rgb(66, 110, 80), Paint.Rgb(205, 175, 110),
    ];

    public static Vehicle Drawn(VehicleKind kind, ref Seeded seeded) => kind switch
    {
        VehicleKind.Car => new(kind, Bodies[seeded.Below(Bodies.Length)], seeded.Between(3.9f, 4.6f), 1.75f,
            seeded.Between(1.4f, 1.55f)),
        VehicleKind.Van => new(kind, Bodies[seeded.Below(Bodies.Length)], seeded.Between(4.9f, 5.6f), 1.95f,
            seeded.Between(2.1f, 2.45f)),
        _ => new(kind, seeded.Chance(.6f) ? Paint.Rgb(235, 160, 30) : Paint.Rgb(200, 60, 35), 2.3f, 1.15f, 2.1f),
    };

    /// <summary>Adds the vehicle's faces to the sketch, far ones first.</summary>
    public void Draw(Sketch sketch, in Stance stance, float lit)
    {
        var at = new Block(stance);
        float nose = LengthM / 2, half = WidthM / 2;
        switch (Kind)
        {
            case VehicleKind.Car:
                Wheels(sketch, at, stance, nose * .62f, .32f, lit, isNear: false);
                at.Draw(sketch, -nose, nose, half, .28f, HeightM * .6f, 1, 1, Body, lit);
                Lights(sketch, at, nose, half, .62f, lit);
                at.Draw(sketch, -nose * .82f, nose * .42f, half * .94f, HeightM * .6f, HeightM, .72f, .8f, Body, lit,
                    Glass);
                Wheels(sketch, at, stance, nose * .62f, .32f, lit, isNear: true);
                break;
            case VehicleKind.Van:
                Wheels(sketch, at, stance, nose * .66f, .36f, lit, isNear: false);
                at.Draw(sketch, -nose, nose, half, .34f, HeightM * .52f, 1, 1, Body, lit);
                Lights(sketch, at, nose, half, .75f, lit);
                at.Draw(sketch, -nose, nose * .72f, half * .98f, HeightM * .52f, HeightM, .9f, .93f, Body, lit,
                    Glass, paneFrom: .66f);
                Wheels(sketch, at, stance, nose * .66f, .36f, lit, isNear: true);
                break;
            default:
                DrawForklift(sketch, at, stance, lit);
                break;
        }
    }

    void DrawForklift(Sketch sketch, in Block at, in Stance stance, float lit)
    {
        float nose = LengthM / 2, half = WidthM / 2;
        bool towards = Vector3.Dot(at.Forward, sketch.Lens.Forward) < 0;
        if (!towards) Mast(sketch, at, lit);
        Wheels(sketch, at, stance, nose * .55f, .28f, lit, isNear: false);
        at.Draw(sketch, -nose, nose * .45f, half, .2f, .85f, 1, .96f, Body, lit);
        at.Draw(sketch, -nose, -nose * .45f, half * .95f, .85f, 1.15f, 1, .9f, Body.Times(.7f), lit);
        // The driver: seen through the frame, part of the vehicle.
        Span<Ball> driver = [new(at.Point(-.15f, .1f, .95f), .17f), new(at.Point(-.12f, -.1f, 1.4f), .15f)];
        sketch.Hull(driver, Vehicle.Dark, new Vector2(1.3f, .9f) * lit);
        sketch.Hull([new(at.Point(-.08f, 0, 1.68f), .12f)], Paint.Rgb(240, 205, 50), new Vector2(1.1f, .8f) * lit);
        foreach (float x in (ReadOnlySpan<float>)[-nose * .55f, nose * .35f])
        {
            foreach (float y in (ReadOnlySpan<float>)[-half * .85f, half * .85f])
            {
                sketch.Hull([new(at.Point(x, y, .9f), .035f), new(at.Point(x, y, 2.05f), .035f)], Dark,
                    new Vector2(lit));
            }
        }

        at.Draw(sketch, -nose * .6f, nose * .4f, half * .9f, 2.03f, HeightM, 1, 1, Dark, lit);
        Wheels(sketch, at, stance, nose * .55f, .28f, lit, isNear: true);
        if (towards) Mast(sketch, at, lit);
    }

    void Mast(Sketch sketch, in Block at, float lit)
    {
        float front = LengthM / 2 * .55f;
        foreach (float y in (ReadOnlySpan<float>)[-.32f, .32f])
        {
            sketch.Hull([new(at.Point(front, y, .12f), .05f), new(at.Point(front, y, HeightM + .1f), .05f)], Dark,
                new Vector2(1.2f, .9f) * lit);
            sketch.Hull([new(at.Point(front, y * .7f, .12f), .04f), new(at.Point(front + 1f, y * .7f, .1f), .03f)],
                Hub, new Vector2(lit));
        }

        sketch.Hull([new(at.Point(front, -.32f, 1.1f), .05f), new(at.Point(front, .32f, 1.1f), .05f)], Dark,
            new Vector2(lit));
    }

    void Wheels(Sketch sketch, in Block at, in Stance stance, float axleM, float radiusM, float lit, bool isNear)
    {
        float turned = stance.WayM / radiusM;
        Span<Vector3> rim = stackalloc Vector3[12];
        foreach (float side in (ReadOnlySpan<float>)[-1, 1])
        {
            float y = side * WidthM / 2 * 1.01f;
            bool isSeen = Vector3.Dot(at.Point(0, y, .5f) - sketch.Lens.PositionM, at.Side * side) < 0;
            if (isSeen != isNear) continue;
            foreach (float x in (ReadOnlySpan<float>)[-axleM, axleM])
            {
                Disc(rim, at, x, y, radiusM, radiusM, 0);
                sketch.Face(rim, Tyre, lit);
                if (!isNear) continue;
                Disc(rim, at, x, y * 1.005f, radiusM, radiusM * .58f, 0);
                sketch.Face(rim, Hub, lit);
                var (sin, cos) = MathF.SinCos(turned);
                var spoke = at.Forward * (cos * radiusM * .5f) - new Vector3(0, 0, sin * radiusM * .5f);
                var middle = at.Point(x, y * 1.005f, radiusM);
                sketch.Hull([new(middle - spoke, .03f), new(middle + spoke, .03f)], Dark, new Vector2(lit));
            }
        }
    }

    static void Disc(Span<Vector3> rim, in Block at, float x, float y, float height, float radiusM, float turn)
    {
        for (int i = 0; i < rim.Length; i++)
        {
            var (sin, cos) = MathF.SinCos((i * 2 * MathF.PI / rim.Length) + turn);
            rim[i] = at.Point(x + (radiusM * cos), y, height + (radiusM * sin));
        }
    }

    static void Lights(Sketch sketch, in Block at, float nose, float half, float z, float lit)
    {
        bool towards = Vector3.Dot(at.Point(nose, 0, z) - sketch.Lens.PositionM, at.Forward) < 0;
        float x = towards ? nose * 1.005f : -nose * 1.005f;
        foreach (float y in (ReadOnlySpan<float>)[-half * .75f, half * .75f])
        {
            Span<Vector3> pane =
            [
                at.Point(x, y - .14f, z - .07f), at.Point(x, y + .14f, z - .07f),
                at.Point(x, y + .14f, z + .07f), at.Point(x, y - .14f, z + .07f),
            ];
            sketch.Face(pane, towards ? FrontLight : RearLight, lit);
        }
    }

    /// <summary>Adds the shape of the vehicle's shadow on the ground.</summary>
    public void DrawShadow(Sketch shadows, in Stance stance, Vector2 sunM)
    {
        var at = new Block(stance);
        float nose = LengthM / 2, half = WidthM / 2, roof = Kind == VehicleKind.Car ? HeightM * .8f : HeightM;
        Span<Vector3> ground = stackalloc Vector3[8];
        for (int i = 0; i < 8; i++)
        {
            float x = (i & 1) == 0 ? -nose : nose, y = (i & 2) == 0 ? -half : half, z = (i & 4) == 0 ? 0 : roof;
            var p = at.Point((i & 4) == 0 ? x : x * .75f, y, z);
            ground[i] = new Vector3(p.X + (sunM.X * p.Z), p.Y + (sunM.Y * p.Z), 0);
        }

        shadows.Silhouette(ground, default, Vector2.One);
    }
}

/// <summary>A place with a heading, and boxes drawn in it.</summary>
readonly struct Block(in Stance stance)
{
    readonly Vector3 _origin = new(stance.PositionM, 0);

    public Vector3 Forward { get; } = new(MathF.Cos(stance.Heading), MathF.Sin(stance.Heading), 0);

    /// <summary>To the left.</summary>
    public Vector3 Side { get; } = new(-MathF.Sin(stance.Heading), MathF.Cos(stance.Heading), 0);

    /// <param name="x">forward, metres</param>
    /// <param name="y">to the left, metres</param>
    public Vector3 Point(float x, float y, float z) => _origin + (Forward * x) + (Side * y) + new Vector3(0, 0, z);

    /// <summary>Draws the visible faces of a box that may narrow towards its top.</summary>
    /// <param name="topLength">length of the top as a part of the bottom's</param>
    /// <param name="topWidth">width of the top likewise</param>
    /// <param name="pane">window panes set into the sides and ends, or none</param>
    /// <param name="paneFrom">where along the side the panes begin, 0 rear to 1 front</param>
    public void Draw(
        Sketch sketch, float rear, float front, float half, float low, float high, float topLength, float topWidth,
        Paint paint, float lit, Paint? pane = null, float paneFrom = .06f)
    {
        float middle = (rear + front) / 2, long2 = (front - rear) / 2 * topLength, wide2 = half * topWidth;
        Span<Vector3> c =
        [
            Point(rear, half, low), Point(front, half, low), Point(front, -half, low), Point(rear, -half, low),
            Point(middle - long2, wide2, high), Point(middle + long2, wide2, high),
            Point(middle + long2, -wide2, high), Point(middle - long2, -wide2, high),
        ];
        // The whole outline first, so that no background shines through between two faces.
        sketch.Silhouette(c, paint, new Vector2(.8f * lit));
        Wall(sketch, c[0], c[1], c[5], c[4], paint, lit, pane, paneFrom, 2);
        Wall(sketch, c[2], c[3], c[7], c[6], paint, lit, pane, 1 - paneFrom, -2);
        Wall(sketch, c[1], c[2], c[6], c[5], paint, lit, pane, .06f, 1);
        Wall(sketch, c[3], c[0], c[4], c[7], paint, lit, paneFrom > .5f ? null : pane, .06f, 1);
        Wall(sketch, c[4], c[5], c[6], c[7], paint, lit, null, 0, 1);
    }

    /// <summary>One face, corners with the clock as seen from outside; nothing when seen from inside.</summary>
    static void Wall(
        Sketch sketch, Vector3 a, Vector3 b, Vector3 c, Vector3 d, Paint paint, float lit, Paint? pane,
        float paneFrom, int panes)
    {
        var normal = Vector3.Normalize(Vector3.Cross(d - b, c - a));
        if (Vector3.Dot(normal, a - sketch.Lens.PositionM) > 0) return;
        float light = .8f + (.3f * Vector3.Dot(normal, Daylight.ToSun));
        sketch.Face([a, b, c, d], paint, light * lit);
        if (pane is not { } glass) return;
        float from = panes < 0 ? .06f : paneFrom, to = panes < 0 ? paneFrom : .94f;
        int count = Math.Abs(panes);
        for (int i = 0; i < count; i++)
        {
            float u0 = from + ((to - from) * i / count), u1 = from + ((to - from) * (i + .93f) / count);
            sketch.Face([At(u0, .12f), At(u1, .12f), At(u1, .86f), At(u0, .86f)], glass, light * lit);
        }

        Vector3 At(float u, float v) => Vector3.Lerp(Vector3.Lerp(a, b, u), Vector3.Lerp(d, c, u), v);
    }
}
