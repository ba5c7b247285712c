using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Gradients;

/// <summary>
/// Rows for operators that cut, join and turn: their gradients put the pieces back where they came from.
/// </summary>
static class LayoutRules
{
    public static readonly Dictionary<string, GradientRules.Rule> All = new(StringComparer.Ordinal)
    {
        ["Reshape"] = c => [c.G.ReshapeLike(c.X()), null],
        ["Flatten"] = c => [c.G.ReshapeLike(c.X())],
        ["Squeeze"] = c => [c.G.ReshapeLike(c.X()), null],
        ["Unsqueeze"] = c => [c.G.ReshapeLike(c.X()), null],
        ["Transpose"] = OfTranspose,
        ["Expand"] = c => [c.G, null],
        ["Tile"] = c => [OfTile(c), null],
        ["Concat"] = OfConcat,
        ["Split"] = OfSplit,
        ["Slice"] = OfSlice,
        ["DepthToSpace"] = c => [OfDepthToSpace(c)],
        ["SpaceToDepth"] = c => [c.Graph.Op("DepthToSpace", [c.G],
            OnnxAttribute.Of("blocksize", c.Node.Int("blocksize", 1)))],
    };

    static Value?[] OfTranspose(GradientCase c)
    {
        int rank = c.X().Rank;
        var order = c.Node.Ints("perm") ?? [.. Enumerable.Range(0, rank).Reverse().Select(i => (long)i)];
        long[] back = new long[rank];
        for (int i = 0; i < rank; i++) back[order[i]] = i;
        return [c.G.Transpose(back)];
    }

    static Value OfTile(GradientCase c)
    {
        var times = c.ConstantLongs(1);
        var shape = c.X().Shape;
        List<Dim> split = [];
        List<long> copies = [];
        for (int i = 0; i < shape.Count; i++)
        {
            copies.Add(split.Count);
            split.Add(times[i]);
            split.Add(shape[i]);
        }

        return c.G.ReshapeTo(split).Sum([.. copies]);
    }

    static Value?[] OfConcat(GradientCase c)
    {
        int axis = c.Axis("axis", 0, c.Y().Rank);
        var sizes = Enumerable.Range(0, c.Inputs).Select(i => c.X(i).Shape[axis].Known).ToArray();
        if (c.Inputs == 1) return [c.G];
        var parts = sizes.All(s => s is not null)
            ? c.G.Split(axis, [.. sizes.Select(s => s!.Value)])
            : c.Graph.Op("Split",
                [c.G, c.Graph.Concat(0, [.. Enumerable.Range(0, c.Inputs).Select(i => c.X(i).SizeAt(axis))])],
                [OnnxAttribute.Of("axis", axis)], c.Inputs);
        return [.. parts.Select((part, i) => c.Needs(i) ? part : null)];
    }

    static Value?[] OfSplit(GradientCase c)
    {
        var parts = c.Node.Outputs.Select((_, i) => c.GradientAt(i) ?? c.Y(i).ZerosLike());
        return [c.Graph.Concat(c.Axis("axis", 0, c.X().Rank), [.. parts]), null];
    }

    static Value?[] OfSlice(GradientCase c)
    {
        var shape = c.X().Shape;
        var starts = c.ConstantLongs(1);
        var axes = c.Optional(3) is null ? [.. Enumerable.Range(0, starts.Count).Select(i => (long)i)]
            : c.ConstantLongs(3);
        var steps = c.Optional(4) is null ? [.. starts.Select(_ => 1L)] : c.ConstantLongs(4);
        var ends = c.X(2).Facts.Contents ?? throw c.Fault("its ends are not known");
        var g = c.G;
        for (int i = 0; i < starts.Count; i++)
        {
            int axis = Sizes.Axis(axes[i], shape.Count);
            var cut = Cut.Of(shape[axis], starts[i], ends[i], steps[i]);
            g = PutBack(c, g, axis, shape[axis], cut, steps[i]);
        }

        return [g];
    }

    /// <summary>Spreads what was taken with a step, and fills zeros in before and after it.</summary>
    static Value PutBack(GradientCase c, Value g, int axis, Dim size, Cut cut, long step)
    {
        var (first, count) = (cut.From, cut.Count);
        if (step < 0)
        {
            g = g.Slice(axis, -1, -int.MaxValue, -1);
            step = -step;
            first -= (count - 1) * step;
        }

        if (step > 1)
        {
            // Where the cut takes one of every so many, its place among them is the place in a row of zeros.
            long place = first.Known is { } known && known < step && count * step == size ? known : 0;
            g = Spread(g, axis, step, place);
            first -= place;
            count *= step;
        }

        return PadTo(c, g, axis, first, size - first - count);
    }

    /// <summary>
    /// Puts zeros round every element along an axis, so that one in so many is left: joined on an axis of its own,
    /// since
    /// Pad takes a hundred times as long for it (measured).
    /// </summary>
    static Value Spread(Value g, int axis, long step, long place)
    {
        var shape = g.Shape.ToList();
        var thin = g.Unsqueeze(axis + 1);
        var zeros = thin.ZerosLike();
        var wide = g.Graph.Concat(axis + 1,
            [.. Enumerable.Range(0, (int)step).Select(i => i == place ? thin : zeros)]);
        shape[axis] *= step;
        if (shape.Count(d => d.Known is null) <= 1) return wide.ReshapeTo(shape);
        var sizes = shape.Select((d, i) => d.Known is { } known ? g.Graph.Longs(known)
            : i == axis ? g.SizeAt(i) * g.Graph.Longs(step) : g.SizeAt(i));
        return g.Graph.Op("Reshape", wide, g.Graph.Concat(0, [.. sizes]));
    }

    /// <summary>Zeros before and after, along one axis; negative counts cut off.</summary>
    static Value PadTo(GradientCase c, Value g, int axis, Dim before, Dim after)
    {
        if (before.Is(0) && after.Is(0)) return g;
        int rank = g.Rank;
        if (before.Known is { } known && after.Known is { } rest)
        {
            long[] pads = new long[2 * rank];
            (pads[axis], pads[rank + axis]) = (known, rest);
            return g.Pad(pads);
        }

        // An open size: what is missing is counted at the run.
        var size = c.X().SizeAt(axis);
        var first = before.Known is { } number ? c.Graph.Longs(number)
            : size + c.Graph.Longs(c.Known(before - c.X().Shape[axis], "where its cut begins"));
        var none = c.Graph.Longs(0);
        var all = c.Graph.Concat(0,
        [
            .. Enumerable.Range(0, rank).Select(i => i == axis ? first : none),
            .. Enumerable.Range(0, rank).Select(i => i == axis ? size - first - g.SizeAt(axis) : none),
        ]);
        return c.Graph.Op("Pad", g, all, g.Alike(0));
    }

    static Value OfDepthToSpace(GradientCase c)
    {
        long b = c.Node.Int("blocksize", 1);
        var back = c.Graph.Op("SpaceToDepth", [c.G], OnnxAttribute.Of("blocksize", b));
        if (c.Node.Text("mode", "DCR") == "DCR") return back;
        // There a pixel's place in its block comes before the channel, here after it.
        long blocks = b * b, channels = c.Known(c.X().Shape[1], "the number of channels") / blocks;
        long[] order = [.. Enumerable.Range(0, (int)(channels * blocks)).Select(i => i % blocks * channels
            + i / blocks)];
        return back.Gather(c.Graph.Constant(OnnxTensor.Of("order", order, order.Length)), 1);
    }
}
