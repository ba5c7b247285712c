using EdgeAppliance.Onnx.Training;

namespace EdgeAppliance.Retrain.Training;

/// <summary>
/// Cuts views out of labelled frames and changes them in ways that leave the labels true: mirrored, larger or smaller,
/// in
/// another light.
/// </summary>
/// <param name="source">of the frames</param>
/// <param name="target">of the views</param>
sealed class Augmentation(DetectionGrid source, DetectionGrid target)
{
    const double Mirrored = .5, Zoomed = .6, ZoomMin = .8, ZoomMax = 1.35;

    /// <summary>Of views smaller than the frame, those that are laid round somebody.</summary>
    const double Aimed = .85;

    const double LightMin = .75, LightMax = 1.25, TintMin = .95, TintMax = 1.05, Lift = 15;

    /// <summary>A box of which less is left in the view is not asked for.</summary>
    const float LeftMin = .35f;

    /// <summary>Square pixels below which nothing is left.</summary>
    const float AreaMin = 4;

    /// <summary>What pads a letterbox, as the model's card says.</summary>
    public const float Pad = 114;

    readonly int[] _left = new int[target.Width];
    readonly float[] _part = new float[target.Width];
    readonly float[] _row = new float[source.Width];

    /// <summary>Writes a view of a frame.</summary>
    /// <param name="pixels">three planes, values 0 to 255 times <paramref name="scale"/></param>
    /// <returns>what is to be seen in the view, in its pixels</returns>
    public List<LabelledBox> Apply(LabelledFrame frame, SplitMix64 random, Span<float> pixels, float scale)
    {
        bool isMirrored = random.NextDouble() < Mirrored;
        double zoom = random.NextDouble() < Zoomed ? random.Between(ZoomMin, ZoomMax) : 1;
        var (left, top) = Corner(frame.Truth, random, zoom);
        Columns(left, zoom, isMirrored);
        double light = random.Between(LightMin, LightMax), lift = random.Between(-Lift, Lift);
        for (int plane = 0; plane < DetectionGrid.Planes; plane++)
        {
            float gain = (float)(light * random.Between(TintMin, TintMax));
            Plane(frame.Planes.AsSpan(plane * source.Pixels, source.Pixels),
                pixels.Slice(plane * target.Pixels, target.Pixels), top, zoom, gain, (float)lift, scale);
        }

        return Seen(frame.Truth, left, top, (float)zoom, isMirrored);
    }

    /// <summary>Where the view begins, in the frame's pixels; whole ones unless it is zoomed.</summary>
    (float Left, float Top) Corner(IReadOnlyList<LabelledBox> truth, SplitMix64 random, double zoom)
    {
        double roomX = source.Width - target.Width / zoom, roomY = source.Height - target.Height / zoom;
        double x = random.Between(Math.Min(0, roomX), Math.Max(0, roomX));
        double y = random.Between(Math.Min(0, roomY), Math.Max(0, roomY));
        bool isAimed = target != source && truth.Count > 0 && random.NextDouble() < Aimed;
        if (isAimed)
        {
            var box = truth[random.Below(truth.Count)];
            x = Within((box.Left + box.Right) / 2 - random.Between(.1, .9) * target.Width / zoom, roomX);
            y = Within((box.Top + box.Bottom) / 2 - random.Between(.1, .9) * target.Height / zoom, roomY);
        }

        return zoom == 1 ? (MathF.Round((float)x), MathF.Round((float)y)) : ((float)x, (float)y);
    }

    static double Within(double corner, double room) => Math.Clamp(corner, Math.Min(0, room), Math.Max(0, room));

    void Columns(float left, double zoom, bool isMirrored)
    {
        for (int x = 0; x < target.Width; x++)
        {
            double at = left + ((isMirrored ? target.Width - 1 - x : x) + .5) / zoom - .5;
            _left[x] = (int)Math.Floor(at);
            _part[x] = (float)(at - _left[x]);
        }
    }

    void Plane(
        ReadOnlySpan<byte> from, Span<float> to, double top, double zoom, float gain, float lift, float scale)
    {
        for (int y = 0; y < target.Height; y++)
        {
            double at = top + (y + .5) / zoom - .5;
            Row(from, (int)Math.Floor(at), (float)(at - Math.Floor(at)));
            var line = to.Slice(y * target.Width, target.Width);
            for (int x = 0; x < line.Length; x++)
            {
                int left = _left[x];
                float a = (uint)left < (uint)_row.Length ? _row[left] : Pad;
                float b = (uint)(left + 1) < (uint)_row.Length ? _row[left + 1] : Pad;
                line[x] = Math.Clamp((a + (b - a) * _part[x]) * gain + lift, 0, 255) * scale;
            }
        }
    }

    /// <summary>A line between two rows of a plane.</summary>
    void Row(ReadOnlySpan<byte> from, int above, float part)
    {
        var a = Line(from, above);
        var b = part == 0 ? a : Line(from, above + 1);
        for (int x = 0; x < _row.Length; x++)
        {
            float high = a.IsEmpty ? Pad : a[x], low = b.IsEmpty ? Pad : b[x];
            _row[x] = high + (low - high) * part;
        }
    }

    ReadOnlySpan<byte> Line(ReadOnlySpan<byte> plane, int y) =>
        (uint)y < (uint)source.Height ? plane.Slice(y * source.Width, source.Width) : default;

    List<LabelledBox> Seen(IReadOnlyList<LabelledBox> truth, float left, float top, float zoom, bool isMirrored)
    {
        var seen = new List<LabelledBox>();
        foreach (var one in truth)
        {
            var whole = one with
            {
                Left = (one.Left - left) * zoom,
                Right = (one.Right - left) * zoom,
                Top = (one.Top - top) * zoom,
                Bottom = (one.Bottom - top) * zoom,
            };
            if (isMirrored) whole = whole with { Left = target.Width - whole.Right, Right = target.Width - whole.Left };
            var cut = whole with
            {
                Left = Math.Clamp(whole.Left, 0, target.Width),
                Right = Math.Clamp(whole.Right, 0, target.Width),
                Top = Math.Clamp(whole.Top, 0, target.Height),
                Bottom = Math.Clamp(whole.Bottom, 0, target.Height),
            };
            if (cut.Area <= AreaMin) continue;
            seen.Add(cut.Area < LeftMin * whole.Area ? cut with { Visibility = 0 } : cut);
        }

        return seen;
    }
}
