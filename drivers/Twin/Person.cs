using System.Numerics;

namespace EdgeAppliance.Drivers.Twin;

/// <summary>Where an actor stands and how it moves at one instant.</summary>
/// <param name="PositionM">on the ground, below the middle of the body</param>
/// <param name="Heading">radians from x towards y</param>
/// <param name="SpeedMs">metres a second, smoothed</param>
/// <param name="WayM">metres gone since its schedule began: turns wheels and swings legs</param>
readonly record struct Stance(Vector2 PositionM, float Heading, float SpeedMs, float WayM);

/// <summary>How one person looks, drawn once from the seed.</summary>
sealed record Person(
    float HeightM, float Girth, Paint Skin, Paint Hair, Paint Shirt, Paint Trousers, Paint Shoes,
    Paint? Helmet, Paint? Vest, bool HasBag, bool IsLongSleeved)
{
    static readonly Paint Reflector = Paint.Rgb(225, 228, 220);

    static readonly Paint[] Shirts =
    [
        Paint.Rgb(150, 40, 45), Paint.Rgb(40, 60, 120), Paint.Rgb(225, 225, 220), Paint.Rgb(45, 100, 65),
        Paint.Rgb(70, 72, 78), Paint.Rgb(190, 150, 70), Paint.Rgb(120, 165, 205), Paint.Rgb(95, 60, 110),
        Paint.Rgb(28, 28, 34), Paint.Rgb(205, 120, 110),
    ];

    static readonly Paint[] TrouserPaints =
    [
        Paint.Rgb(38, 48, 78), Paint.Rgb(32, 32, 36), Paint.Rgb(110, 100, 82), Paint.Rgb(72, 74, 80),
        Paint.Rgb(60, 78, 120), Paint.Rgb(150, 140, 122),
    ];

    static readonly Paint[] Skins =
    [
        Paint.Rgb(228, 185, 160), Paint.Rgb(205, 155, 125), Paint.Rgb(160, 112, 82), Paint.Rgb(98, 66, 50),
    ];

    static readonly Paint[] Hairs =
    [
        Paint.Rgb(30, 24, 22), Paint.Rgb(70, 48, 32), Paint.Rgb(150, 115, 70), Paint.Rgb(135, 132, 130),
    ];

    static readonly Paint[] Helmets =
    [
        Paint.Rgb(245, 205, 40), Paint.Rgb(240, 240, 240), Paint.Rgb(40, 95, 190), Paint.Rgb(235, 110, 30),
    ];

    static readonly Paint[] Vests = [Paint.Rgb(215, 240, 50), Paint.Rgb(250, 125, 35)];

    public static Person Drawn(ref Seeded seeded)
    {
        bool works = seeded.Chance(.55f);
        return new Person(
            seeded.Between(1.5f, 1.9f), seeded.Between(.88f, 1.2f), Skins[seeded.Below(Skins.Length)],
            Hairs[seeded.Below(Hairs.Length)], Shirts[seeded.Below(Shirts.Length)],
            TrouserPaints[seeded.Below(TrouserPaints.Length)],
            seeded.Chance(.7f) ? Paint.Rgb(28, 26, 26) : Paint.Rgb(200, 198, 192),
            works && seeded.Chance(.8f) ? Helmets[seeded.Below(Helmets.Length)] : null,
            works && seeded.Chance(.85f) ? Vests[seeded.Below(Vests.Length)] : null,
            !works && seeded.Chance(.4f), seeded.Chance(.6f));
    }

    /// <summary>Adds the person's parts to the sketch, far ones first.</summary>
    /// <param name="lit">brightness of the light that falls here</param>
    public void Draw(Sketch sketch, in Stance stance, float lit)
    {
        var body = new Body(this, stance);
        var light = new Vector2(1.14f, .72f) * lit;
        Span<(float Depth, int Part)> order = stackalloc (float, int)[4];
        for (int limb = 0; limb < 4; limb++) order[limb] = (sketch.Lens.DepthM(body.LimbMiddle(limb)), limb);
        order.Sort(static (a, b) => b.Depth.CompareTo(a.Depth));
        float bodyDepthM = sketch.Lens.DepthM(body.Chest);
        int next = 0;
        for (; next < 4 && order[next].Depth > bodyDepthM; next++) Limb(sketch, body, order[next].Part, light);
        bool showsBack = Vector3.Dot(body.Forward, sketch.Lens.Forward) > 0;
        if (HasBag && !showsBack) Bag(sketch, body, light);
        Torso(sketch, body, light);
        if (HasBag && showsBack) Bag(sketch, body, light);
        Head(sketch, body, light);
        for (; next < 4; next++) Limb(sketch, body, order[next].Part, light);
    }

    void Torso(Sketch sketch, in Body body, Vector2 light)
    {
        float r = .1f * Girth;
        sketch.Hull(
            [new(body.HipLeft, .105f * Girth), new(body.HipRight, .105f * Girth), new(body.Waist, .12f * Girth)],
            Trousers, light);
        sketch.Hull(
            [
                new(body.ShoulderLeft, .075f), new(body.ShoulderRight, .075f),
                new(body.Waist + (body.Side * .06f), r), new(body.Waist - (body.Side * .06f), r),
            ],
            Vest ?? Shirt, light);
        sketch.Hull([new(body.Neck, .055f), new(body.Head, .05f)], Skin, light);
        if (Vest is null) return;
        var band = Vector3.Lerp(body.Waist, body.Chest, .45f);
        Band(sketch, band, body.Side, light);
        Band(sketch, Vector3.Lerp(body.Waist, body.Chest, .95f), body.Side, light);
    }

    void Band(Sketch sketch, Vector3 middle, Vector3 side, Vector2 light) =>
        sketch.Hull(
            [new(middle + (side * .15f * Girth), .025f), new(middle - (side * .15f * Girth), .025f)], Reflector, light);

    void Bag(Sketch sketch, in Body body, Vector2 light)
    {
        var middle = Vector3.Lerp(body.Waist, body.Chest, .6f) - (body.Forward * .17f);
        var up = new Vector3(0, 0, .13f);
        sketch.Hull([new(middle + up, .11f), new(middle - up, .12f)], Hair.Times(1.4f), light);
    }

    void Head(Sketch sketch, in Body body, Vector2 light)
    {
        float r = HeightM * .058f;
        var up = new Vector3(0, 0, r);
        sketch.Hull([new(body.Head - (up * .35f), r * .8f), new(body.Head + (up * .25f), r * .92f)], Skin, light);
        var back = body.Forward * (r * .3f);
        if (Helmet is { } helmet)
        {
            sketch.Hull([new(body.Head + (up * .55f), r * 1.08f)], helmet, light);
            sketch.Hull(
                [
                    new(body.Head + (up * .35f) + (body.Forward * r * 1.2f), r * .2f),
                    new(body.Head + (up * .35f) - (body.Forward * r), r * .2f),
                    new(body.Head + (up * .35f) + (body.Side * r), r * .2f),
                    new(body.Head + (up * .35f) - (body.Side * r), r * .2f),
                ],
                helmet.Times(.9f), light);
            sketch.Hull([new(body.Head + (up * .65f), r * .95f)], helmet, light);
        }
        else
        {
            sketch.Hull([new(body.Head + (up * .45f) - back, r * .95f), new(body.Head - back - (up * .1f), r * .85f)],
                Hair, light);
            bool faces = Vector3.Dot(body.Forward, sketch.Lens.Forward) < .2f;
            if (faces) sketch.Hull([new(body.Head - (up * .25f) + back, r * .72f)], Skin, light);
        }
    }

    void Limb(Sketch sketch, in Body body, int limb, Vector2 light)
    {
        if (limb < 2)
        {
            var (hip, knee, ankle, toe) = body.Leg(limb);
            sketch.Hull([new(ankle, .05f), new(toe, .04f)], Shoes, light);
            sketch.Hull([new(knee, .062f * Girth), new(ankle, .052f)], Trousers, light * .92f);
            sketch.Hull([new(hip, .095f * Girth), new(knee, .066f * Girth)], Trousers, light);
            return;
        }

        var (shoulder, elbow, hand) = body.Arm(limb - 2);
        sketch.Hull([new(elbow, .042f), new(hand, .038f)], IsLongSleeved ? Shirt : Skin, light * .95f);
        sketch.Hull([new(shoulder, .058f), new(elbow, .046f)], Shirt, light);
        sketch.Hull([new(hand, .045f)], Skin, light);
    }

    /// <summary>Adds the shape of the person's shadow on the ground.</summary>
    /// <param name="sunM">metres the shadow moves on the ground for each metre of height</param>
    public void DrawShadow(Sketch shadows, in Stance stance, Vector2 sunM)
    {
        var body = new Body(this, stance);
        var none = default(Paint);
        for (int leg = 0; leg < 2; leg++)
        {
            var (hip, _, ankle, _) = body.Leg(leg);
            shadows.Hull([OnGround(hip, .1f, sunM), OnGround(ankle, .06f, sunM)], none, Vector2.One);
        }

        shadows.Hull(
            [
                OnGround(body.ShoulderLeft, .08f, sunM), OnGround(body.ShoulderRight, .08f, sunM),
                OnGround(body.Waist, .14f, sunM),
            ],
            none, Vector2.One);
        shadows.Hull([OnGround(body.Head, .1f, sunM), OnGround(body.Chest, .07f, sunM)], none, Vector2.One);
    }

    static Ball OnGround(Vector3 p, float radiusM, Vector2 sunM) =>
        new(new Vector3(p.X + (sunM.X * p.Z), p.Y + (sunM.Y * p.Z), 0), radiusM * .6f);

    /// <summary>The joints at one instant.</summary>
    readonly ref struct Body
    {
        readonly float _heightM;
        readonly float _swing;
        readonly float _phase;
        readonly float _stretch;

        public Body(Person person, in Stance stance)
        {
            _heightM = person.HeightM;
            // One full stride (two steps) is about 0.8 of a person's height.
            _phase = stance.WayM / (.8f * person.HeightM) * 2 * MathF.PI;
            _stretch = Math.Clamp(stance.SpeedMs / 1.3f, 0, 1.25f);
            _swing = .5f * _stretch * MathF.Sin(_phase);
            var (sin, cos) = MathF.SinCos(stance.Heading);
            Forward = new Vector3(cos, sin, 0);
            Side = new Vector3(-sin, cos, 0);
            // The hips are as high as the leg that stands reaches, its ankle a sole above the ground.
            const float AnkleM = .05f;
            Hips = new Vector3(stance.PositionM, AnkleM + MathF.Max(Reach(1), Reach(-1)));
            Waist = Hips + new Vector3(0, 0, .07f * _heightM);
            Chest = Hips + (Forward * .03f * _stretch) + new Vector3(0, 0, .26f * _heightM);
            Neck = Chest + new Vector3(0, 0, .07f * _heightM);
            Head = Neck + (Forward * .02f) + new Vector3(0, 0, .095f * _heightM);
        }

        public Vector3 Forward { get; }

        /// <summary>To the left.</summary>
        public Vector3 Side { get; }

        public Vector3 Hips { get; }

        public Vector3 Waist { get; }

        public Vector3 Chest { get; }

        public Vector3 Neck { get; }

        public Vector3 Head { get; }

        public Vector3 HipLeft => Hips + (Side * .075f);

        public Vector3 HipRight => Hips - (Side * .075f);

        public Vector3 ShoulderLeft => Chest + (Side * .1f * _heightM) + new Vector3(0, 0, .03f * _heightM);

        public Vector3 ShoulderRight => Chest - (Side * .1f * _heightM) + new Vector3(0, 0, .03f * _heightM);

        public Vector3 LimbMiddle(int limb)
        {
            if (limb >= 2) return Arm(limb - 2).Elbow;
            var (hip, knee, _, _) = Leg(limb);
            return (hip + knee) / 2;
        }

        /// <summary>0 left, 1 right.</summary>
        public (Vector3 Hip, Vector3 Knee, Vector3 Ankle, Vector3 Toe) Leg(int leg)
        {
            var (thigh, shin) = Angles(leg == 0 ? 1 : -1);
            var hip = leg == 0 ? HipLeft : HipRight;
            var knee = hip + Along(thigh, .245f * _heightM);
            var ankle = knee + Along(shin, .245f * _heightM);
            return (hip, knee, ankle, ankle + (Forward * .14f) - new Vector3(0, 0, .01f));
        }

        public (Vector3 Shoulder, Vector3 Elbow, Vector3 Hand) Arm(int arm)
        {
            float sign = arm == 0 ? -1 : 1;
            var shoulder = arm == 0 ? ShoulderLeft : ShoulderRight;
            var outward = Side * (arm == 0 ? .03f : -.03f);
            var elbow = shoulder + outward + Along(.85f * sign * _swing, .17f * _heightM);
            var hand = elbow + Along((.85f * sign * _swing) + .25f + (.15f * _stretch), .16f * _heightM);
            return (shoulder, elbow, hand);
        }

        /// <summary>How far thigh and shin are turned forward; the leg that swings bends its knee.</summary>
        (float Thigh, float Shin) Angles(float sign)
        {
            float thigh = sign * _swing;
            return (thigh, thigh - (.85f * _stretch * MathF.Max(0, sign * MathF.Cos(_phase))));
        }

        /// <summary>How far below the hip a leg's ankle is.</summary>
        float Reach(float sign)
        {
            var (thigh, shin) = Angles(sign);
            return .245f * _heightM * (MathF.Cos(thigh) + MathF.Cos(shin));
        }

        /// <summary>A bone hanging down, turned forward by an angle.</summary>
        Vector3 Along(float angle, float lengthM)
        {
            var (sin, cos) = MathF.SinCos(angle);
            return (Forward * (sin * lengthM)) - new Vector3(0, 0, cos * lengthM);
        }
    }
}
