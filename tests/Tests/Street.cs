using System.Numerics;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Tests;

/// <summary>People walking to and fro on a square under a camera, their boxes as a detector gives them.</summary>
static class Street
{
    public const int Width = 1280, Height = 720;
    const double FocalPx = 900, CameraHeightM = 5, DownDegrees = 25, BodyM = 1.7;

    // Axes: x right, y away from the camera, z up; the camera stands over (0, 0).
    static readonly double Sin = Math.Sin(DownDegrees * Math.PI / 180), Cos = Math.Cos(DownDegrees * Math.PI / 180);

    static readonly double[] Rotation = [1, 0, 0, 0, -Sin, -Cos, 0, Cos, -Sin];
    static readonly double[] TranslationM = [0, Cos * CameraHeightM, Sin * CameraHeightM];

    public static CameraGeometry Camera { get; } = new PinholeGeometry(
        "street", Width, Height, new Lens(FocalPx, FocalPx, (Width - 1) / 2.0, (Height - 1) / 2.0, new double[5]),
        Rotation, TranslationM);

    /// <summary>A world point in the picture.</summary>
    public static Vector2 Project(Vector3 p)
    {
        double y = (Rotation[4] * p.Y) + (Rotation[5] * p.Z) + TranslationM[1];
        double z = (Rotation[7] * p.Y) + (Rotation[8] * p.Z) + TranslationM[2];
        return new Vector2((float)((FocalPx * p.X / z) + (Width / 2.0)), (float)((FocalPx * y / z) + (Height / 2.0)));
    }

    /// <summary>The box of somebody standing at a place.</summary>
    public static Box BoxAt(Vector2 atM)
    {
        var foot = Project(new Vector3(atM, 0));
        var head = Project(new Vector3(atM, (float)BodyM));
        float half = 0.18f * (foot.Y - head.Y);
        return new Box(foot.X - half, head.Y, foot.X + half, foot.Y);
    }

    /// <summary>
    /// So many people for so long at 15 frames a second: they walk between random places at 0.6 to 1.6 m/s, stand a
    /// while, and hide one another.
    /// </summary>
    public static IEnumerable<(double T, List<Seen> People)> Walk(
        int people, double seconds, int seed, double missed = 0.05)
    {
        var random = new Random(seed);
        var walkers = Enumerable.Range(0, people).Select(_ => new Walker(random)).ToList();
        for (int frame = 0; frame < seconds * 15; frame++)
        {
            double t = frame / 15.0;
            var seen = new List<Seen>();
            foreach (var (walker, who) in walkers.Select((w, i) => (w, i)))
            {
                walker.Step(1 / 15.0);
                seen.Add(new Seen(who, BoxAt(walker.At), walker.At, true));
            }

            for (int i = 0; i < seen.Count; i++)
            {
                var box = seen[i].Box;
                double hidden = seen.Where(o => o.Person != seen[i].Person && o.Box.Bottom > box.Bottom)
                    .Select(o => Covered(box, o.Box)).DefaultIfEmpty(0).Max();
                bool isDetected = random.NextDouble() >= missed && hidden < 0.6;
                float Off(float size) => 0.03f * size * (float)Noise.Gauss(random);
                seen[i] = seen[i] with
                {
                    IsDetected = isDetected,
                    Box = new Box(box.Left + Off(box.Width), box.Top + Off(box.Height), box.Right + Off(box.Width),
                        box.Bottom + Off(box.Height)),
                };
            }

            yield return (t, seen);
        }
    }

    static float Covered(in Box box, in Box by)
    {
        float w = Math.Min(box.Right, by.Right) - Math.Max(box.Left, by.Left);
        float h = Math.Min(box.Bottom, by.Bottom) - Math.Max(box.Top, by.Top);
        return w > 0 && h > 0 ? w * h / box.Area : 0;
    }

    sealed class Walker
    {
        readonly Random _random;
        Vector2 _to;
        double _speed;
        double _rest;

        public Walker(Random random)
        {
            _random = random;
            At = Place();
            Choose();
        }

        public Vector2 At { get; private set; }

        public void Step(double seconds)
        {
            if (_rest > 0)
            {
                _rest -= seconds;
                return;
            }

            var way = _to - At;
            float step = (float)(_speed * seconds);
            if (way.Length() > step) At += step * Vector2.Normalize(way);
            else
            {
                At = _to;
                Choose();
            }
        }

        void Choose()
        {
            _to = Place();
            _speed = 0.6 + _random.NextDouble();
            _rest = _random.NextDouble() < 0.3 ? 3 * _random.NextDouble() : 0;
        }

        // A part of the floor that lies inside the picture: 8 x 8 m.
        Vector2 Place() => new((8 * _random.NextSingle()) - 4, 8 + (8 * _random.NextSingle()));
    }
}
