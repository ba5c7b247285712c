using System.Numerics;

namespace EdgeAppliance.Drivers.Twin;

/// <summary>A colour as the planes hold it: limited range BT.709.</summary>
readonly record struct Paint(byte Luma, byte Blue, byte Red)
{
    /// <summary>From sRGB, 0 to 255 each.</summary>
    public static Paint Rgb(float r, float g, float b)
    {
        float luma = (.2126f * r) + (.7152f * g) + (.0722f * b);
        return new Paint(
            (byte)Math.Clamp(16 + (luma * 219 / 255), 16, 235),
            (byte)Math.Clamp(128 + ((b - luma) * 224 / 255 / 1.8556f), 16, 240),
            (byte)Math.Clamp(128 + ((r - luma) * 224 / 255 / 1.5748f), 16, 240));
    }

    public Paint Times(float shade) =>
        this with { Luma = (byte)Math.Clamp(16 + ((Luma - 16) * shade), 16, 240) };
}

/// <summary>A ball in the world: limbs and bodies are hulls of a few.</summary>
readonly record struct Ball(Vector3 CentreM, float RadiusM);

/// <summary>
/// A filled polygon of a sketch: luma runs from one shade to the other, left to right (parts of 256).
/// </summary>
readonly record struct Shape(int First, int Count, Paint Paint, short ShadeLeft, short ShadeRight);

/// <summary>Polygons of the image plane in drawing order, in arrays that are used again frame after frame.</summary>
sealed class Sketch(Lens lens)
{
    const int RoundCorners = 10;

    Vector2[] _points = new Vector2[4096];
    Shape[] _shapes = new Shape[512];
    readonly Vector2[] _cloud = new Vector2[64];
    int _pointCount;

    public Lens Lens => lens;

    public int Count { get; private set; }

    public Shape this[int index] => _shapes[index];

    public ReadOnlySpan<Vector2> Points(in Shape shape) => _points.AsSpan(shape.First, shape.Count);

    public void Clear() => Count = _pointCount = 0;

    /// <summary>The hull of balls as the camera sees them, rounded; nothing when one is too near.</summary>
    /// <param name="light">of the left and the right side: 1 is the paint itself</param>
    public void Hull(ReadOnlySpan<Ball> balls, Paint paint, Vector2 light)
    {
        int count = 0;
        foreach (var ball in balls)
        {
            if (lens.Project(ball.CentreM) is not { } centre) return;
            float radius = ball.RadiusM * lens.FocalPx / lens.DepthM(ball.CentreM);
            for (int i = 0; i < RoundCorners; i++)
            {
                var (sin, cos) = MathF.SinCos(i * (2 * MathF.PI / RoundCorners));
                _cloud[count++] = centre + (radius * new Vector2(cos, sin));
            }
        }

        Close(count, paint, light);
    }

    /// <summary>A convex flat face in the world, any winding.</summary>
    public void Face(ReadOnlySpan<Vector3> cornersM, Paint paint, float light)
    {
        Span<Vector2> seen = stackalloc Vector2[cornersM.Length];
        for (int i = 0; i < cornersM.Length; i++)
        {
            if (lens.Project(cornersM[i]) is not { } corner) return;
            seen[i] = corner;
        }

        Add(seen, paint, new Vector2(light));
    }

    /// <summary>The silhouette of points in the world.</summary>
    public void Silhouette(ReadOnlySpan<Vector3> pointsM, Paint paint, Vector2 light)
    {
        int count = 0;
        foreach (var point in pointsM)
        {
            if (lens.Project(point) is not { } seen) return;
            _cloud[count++] = seen;
        }

        Close(count, paint, light);
    }

    /// <summary>Andrew's monotone chain over the cloud.</summary>
    void Close(int count, Paint paint, Vector2 light)
    {
        var cloud = _cloud.AsSpan(0, count);
        cloud.Sort(static (a, b) => a.X != b.X ? a.X.CompareTo(b.X) : a.Y.CompareTo(b.Y));
        Span<Vector2> hull = stackalloc Vector2[(2 * count) + 1];
        int size = 0;
        for (int i = 0; i < count; i++)
        {
            while (size >= 2 && Turn(hull[size - 2], hull[size - 1], cloud[i]) <= 0) size--;
            hull[size++] = cloud[i];
        }

        for (int i = count - 2, floor = size + 1; i >= 0; i--)
        {
            while (size >= floor && Turn(hull[size - 2], hull[size - 1], cloud[i]) <= 0) size--;
            hull[size++] = cloud[i];
        }

        if (size > 3) Add(hull[..(size - 1)], paint, light);
    }

    static float Turn(Vector2 a, Vector2 b, Vector2 c) => ((b.X - a.X) * (c.Y - a.Y)) - ((b.Y - a.Y) * (c.X - a.X));

    void Add(ReadOnlySpan<Vector2> polygon, Paint paint, Vector2 light)
    {
        if (_pointCount + polygon.Length > _points.Length) Array.Resize(ref _points, _points.Length * 2);
        if (Count == _shapes.Length) Array.Resize(ref _shapes, _shapes.Length * 2);
        polygon.CopyTo(_points.AsSpan(_pointCount));
        _shapes[Count++] = new Shape(
            _pointCount, polygon.Length, paint, (short)(light.X * 256), (short)(light.Y * 256));
        _pointCount += polygon.Length;
    }
}
