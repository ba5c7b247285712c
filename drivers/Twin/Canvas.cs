using System.Numerics;

namespace EdgeAppliance.Drivers.Twin;

/// <summary>The planes a frame is drawn into: I420, rows without padding.</summary>
readonly ref struct Planes(Span<byte> luma, Span<byte> blue, Span<byte> red)
{
    public readonly Span<byte> Luma = luma;
    public readonly Span<byte> Blue = blue;
    public readonly Span<byte> Red = red;
}

/// <summary>Draws sketches into planes. Not thread safe: it owns its scratch.</summary>
sealed unsafe class Canvas(int width, int height)
{
    readonly ConvexRaster _raster = new(width, height);
    readonly ConvexRaster _halfRaster = new((width + 1) / 2, (height + 1) / 2);
    readonly Vector2[] _halved = new Vector2[256];
    readonly byte[] _shadow = new byte[width * height];

    /// <summary>Draws every shape of a part of the sketch, in order.</summary>
    public void Draw(Sketch sketch, int first, int count, byte* luma, byte* blue, byte* red)
    {
        int chromaWidth = (width + 1) / 2;
        for (int i = first; i < first + count; i++)
        {
            var shape = sketch[i];
            var points = sketch.Points(shape);
            float left = float.MaxValue, right = float.MinValue;
            for (int p = 0; p < points.Length; p++)
            {
                _halved[p] = points[p] / 2;
                left = MathF.Min(left, points[p].X);
                right = MathF.Max(right, points[p].X);
            }

            var light = new LumaSink(luma, width, shape, left, right);
            _raster.Fill(points, ref light);
            var colour = new ChromaSink(blue, red, chromaWidth, shape.Paint);
            _halfRaster.Fill(_halved.AsSpan(0, points.Length), ref colour);
        }
    }

    /// <summary>
    /// Darkens the ground under the shapes of a sketch; where two overlap it is no darker than under one. The edge is
    /// softened over 5 pixels.
    /// </summary>
    /// <param name="depth">0 none, 1 black</param>
    public void Shade(Sketch shadows, int first, int count, float depth, byte* luma)
    {
        if (count == 0 || depth <= 0) return;
        Vector2 low = new(float.MaxValue), high = new(float.MinValue);
        for (int i = first; i < first + count; i++)
        {
            foreach (var point in shadows.Points(shadows[i]))
            {
                low = Vector2.Min(low, point);
                high = Vector2.Max(high, point);
            }
        }

        // Soft edges reach 2 pixels out, and read 2 further: all of that must have been cleared.
        int left = Math.Clamp((int)low.X - 5, 0, width), right = Math.Clamp((int)high.X + 6, 0, width);
        int top = Math.Clamp((int)low.Y - 5, 0, height), bottom = Math.Clamp((int)high.Y + 6, 0, height);
        if (left >= right || top >= bottom) return;
        for (int y = top; y < bottom; y++) _shadow.AsSpan((y * width) + left, right - left).Clear();
        fixed (byte* shadow = _shadow)
        {
            var sink = new MaskSink(shadow, width);
            for (int i = first; i < first + count; i++) _raster.Fill(shadows.Points(shadows[i]), ref sink);
            for (int y = top + 2; y < bottom - 2; y++)
            {
                for (int x = left + 2; x < right - 2; x++)
                {
                    byte* at = shadow + (y * width) + x;
                    int cover = (2 * at[0]) + at[-2] + at[2] + at[-2 * width] + at[2 * width] + at[-1] + at[1];
                    if (cover == 0) continue;
                    byte* pixel = luma + (y * width) + x;
                    *pixel = (byte)(*pixel - ((*pixel - 16) * depth * cover / 2040));
                }
            }
        }
    }

    readonly struct LumaSink : ISpanSink
    {
        readonly byte* _luma;
        readonly int _width;
        readonly int _light;
        readonly float _left;
        readonly float _perPixel;
        readonly float _shade;

        public LumaSink(byte* luma, int width, in Shape shape, float left, float right)
        {
            _luma = luma;
            _width = width;
            _light = shape.Paint.Luma - 16;
            _left = left;
            _shade = shape.ShadeLeft / 256f;
            _perPixel = (shape.ShadeRight - shape.ShadeLeft) / 256f / MathF.Max(1, right - left);
        }

        public void Full(int y, int from, int to)
        {
            byte* row = _luma + (y * _width);
            float value = 16.5f + (_light * (_shade + ((from + .5f - _left) * _perPixel))), step = _light * _perPixel;
            for (int x = from; x < to; x++, value += step) row[x] = (byte)Math.Clamp((int)value, 16, 240);
        }

        public void Edge(int y, int x, int coverage)
        {
            byte* pixel = _luma + (y * _width) + x;
            float value = 16 + (_light * (_shade + ((x + .5f - _left) * _perPixel)));
            int drawn = Math.Clamp((int)value, 16, 240);
            *pixel = (byte)(*pixel + (((drawn - *pixel) * coverage) >> 8));
        }
    }

    readonly struct ChromaSink(byte* blue, byte* red, int width, Paint paint) : ISpanSink
    {
        public void Full(int y, int from, int to)
        {
            new Span<byte>(blue + (y * width) + from, to - from).Fill(paint.Blue);
            new Span<byte>(red + (y * width) + from, to - from).Fill(paint.Red);
        }

        public void Edge(int y, int x, int coverage)
        {
            int at = (y * width) + x;
            blue[at] = (byte)(blue[at] + (((paint.Blue - blue[at]) * coverage) >> 8));
            red[at] = (byte)(red[at] + (((paint.Red - red[at]) * coverage) >> 8));
        }
    }

    readonly struct MaskSink(byte* mask, int width) : ISpanSink
    {
        public void Full(int y, int from, int to) => new Span<byte>(mask + (y * width) + from, to - from).Fill(255);

        public void Edge(int y, int x, int coverage)
        {
            byte* pixel = mask + (y * width) + x;
            if (*pixel < coverage) *pixel = (byte)coverage;
        }
    }
}

/// <summary>The sensor: exposure and noise over a whole plane, vectorised.</summary>
sealed class Sensor
{
    const int TileBits = 18;

    readonly sbyte[] _tile;

    /// <param name="deviation">of the noise, luma steps</param>
    public Sensor(float deviation, ulong seed)
    {
        var seeded = new Seeded(seed);
        // Longer than the mask by the longest row, so that a row may begin anywhere.
        _tile = new sbyte[(1 << TileBits) + 8192];
        for (int i = 0; i < _tile.Length; i++)
        {
            _tile[i] = (sbyte)Math.Clamp((int)MathF.Round(seeded.Normal() * deviation), -60, 60);
        }
    }

    /// <summary>value' = value * gain / 128 + offset + noise, kept in 1 to 254; gain at most 255.</summary>
    /// <param name="draw">names the noise: the same number gives the same noise</param>
    public void Expose(Span<byte> plane, int width, int gain, int offset, bool hasNoise, ulong draw)
    {
        for (int y = 0; (y + 1) * width <= plane.Length; y++)
        {
            int start = (int)(Seeded.Mix(draw, (ulong)y) & ((1 << TileBits) - 1));
            Row(plane.Slice(y * width, width), _tile.AsSpan(start, width), (ushort)gain, (short)offset, hasNoise);
        }
    }

    static void Row(Span<byte> row, ReadOnlySpan<sbyte> noise, ushort gain, short offset, bool hasNoise)
    {
        int step = Vector<byte>.Count, x = 0;
        var gains = new Vector<ushort>(gain);
        var offsets = new Vector<short>(offset);
        var floor = new Vector<short>(1);
        var ceiling = new Vector<short>(254);
        for (; x + step <= row.Length; x += step)
        {
            Vector.Widen(new Vector<byte>(row[x..]), out var low, out var high);
            var first = Vector.AsVectorInt16(Vector.ShiftRightLogical(low * gains, 7)) + offsets;
            var second = Vector.AsVectorInt16(Vector.ShiftRightLogical(high * gains, 7)) + offsets;
            if (hasNoise)
            {
                Vector.Widen(new Vector<sbyte>(noise[x..]), out var noiseLow, out var noiseHigh);
                first += noiseLow;
                second += noiseHigh;
            }

            first = Vector.Min(Vector.Max(first, floor), ceiling);
            second = Vector.Min(Vector.Max(second, floor), ceiling);
            Vector.Narrow(Vector.AsVectorUInt16(first), Vector.AsVectorUInt16(second)).CopyTo(row[x..]);
        }

        for (; x < row.Length; x++)
        {
            row[x] = (byte)Math.Clamp(((row[x] * gain) >> 7) + offset + (hasNoise ? noise[x] : 0), 1, 254);
        }
    }
}
