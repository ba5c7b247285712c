using System.Numerics;

namespace EdgeAppliance.Drivers.Twin;

/// <summary>Takes what a filled polygon covers, row by row.</summary>
interface ISpanSink
{
    /// <summary>Pixels <paramref name="from"/> to before <paramref name="to"/> are covered whole.</summary>
    void Full(int y, int from, int to);

    /// <summary>One pixel is covered in part: 1 to 255 of 256.</summary>
    void Edge(int y, int x, int coverage);
}

/// <summary>
/// Fills convex polygons with anti-aliased edges: four lines a pixel row, exact in x. One edge costs its height, one
/// row costs its span, so a frame's figures cost a few hundred thousand steps. Not thread safe: it owns its scratch.
/// </summary>
sealed class ConvexRaster(int width, int height)
{
    const int Lines = 4;

    readonly float[] _left = new float[height * Lines];
    readonly float[] _right = new float[height * Lines];

    public void Fill<TSink>(ReadOnlySpan<Vector2> polygon, ref TSink sink)
        where TSink : struct, ISpanSink
    {
        float minY = float.MaxValue, maxY = float.MinValue;
        foreach (var corner in polygon)
        {
            minY = MathF.Min(minY, corner.Y);
            maxY = MathF.Max(maxY, corner.Y);
        }

        if (!(maxY > 0) || !(minY < height)) return;
        int top = FirstLine(minY);
        int bottom = Math.Min((height * Lines) - 1, (int)MathF.Ceiling((maxY * Lines) - .5f) - 1);
        if (top > bottom) return;
        int firstRow = top / Lines, lastRow = bottom / Lines;
        int from = firstRow * Lines, count = ((lastRow + 1) * Lines) - from;
        _left.AsSpan(from, count).Fill(float.MaxValue);
        _right.AsSpan(from, count).Fill(float.MinValue);
        var previous = polygon[^1];
        foreach (var corner in polygon)
        {
            if (previous.Y < corner.Y) Edge(previous, corner, bottom);
            else Edge(corner, previous, bottom);
            previous = corner;
        }

        for (int row = firstRow; row <= lastRow; row++) Row(row, ref sink);
    }

    static int FirstLine(float y) => Math.Max(0, (int)MathF.Ceiling((y * Lines) - .5f));

    void Edge(Vector2 upper, Vector2 lower, int bottom)
    {
        int first = FirstLine(upper.Y), last = Math.Min(bottom, (int)MathF.Ceiling((lower.Y * Lines) - .5f) - 1);
        if (first > last) return;
        float slope = (lower.X - upper.X) / (lower.Y - upper.Y);
        float x = upper.X + ((((first + .5f) / Lines) - upper.Y) * slope), step = slope / Lines;
        for (int line = first; line <= last; line++, x += step)
        {
            if (x < _left[line]) _left[line] = x;
            if (x > _right[line]) _right[line] = x;
        }
    }

    void Row<TSink>(int row, ref TSink sink)
        where TSink : struct, ISpanSink
    {
        var left = _left.AsSpan(row * Lines, Lines);
        var right = _right.AsSpan(row * Lines, Lines);
        float outerLeft = float.MaxValue, outerRight = float.MinValue;
        float innerLeft = float.MinValue, innerRight = float.MaxValue;
        for (int line = 0; line < Lines; line++)
        {
            // An untouched line has left = +max and right = -max: it empties the inner span and adds no cover.
            left[line] = Math.Clamp(left[line], 0, width);
            right[line] = Math.Clamp(right[line], 0, width);
            innerLeft = MathF.Max(innerLeft, left[line]);
            innerRight = MathF.Min(innerRight, right[line]);
            if (left[line] >= right[line]) continue;
            outerLeft = MathF.Min(outerLeft, left[line]);
            outerRight = MathF.Max(outerRight, right[line]);
        }

        if (outerLeft >= outerRight) return;
        int from = (int)outerLeft, to = Math.Min(width, (int)MathF.Ceiling(outerRight));
        int fullFrom = (int)MathF.Ceiling(innerLeft), fullTo = (int)innerRight;
        if (fullFrom >= fullTo)
        {
            for (int x = from; x < to; x++) Partial(row, x, left, right, ref sink);
            return;
        }

        for (int x = from; x < fullFrom; x++) Partial(row, x, left, right, ref sink);
        sink.Full(row, fullFrom, fullTo);
        for (int x = fullTo; x < to; x++) Partial(row, x, left, right, ref sink);
    }

    static void Partial<TSink>(int row, int x, ReadOnlySpan<float> left, ReadOnlySpan<float> right, ref TSink sink)
        where TSink : struct, ISpanSink
    {
        float sum = 0;
        for (int line = 0; line < Lines; line++)
        {
            sum += MathF.Max(0, MathF.Min(x + 1, right[line]) - MathF.Max(x, left[line]));
        }

        int coverage = Math.Min(255, (int)(sum * (256f / Lines)));
        if (coverage > 0) sink.Edge(row, x, coverage);
    }
}
