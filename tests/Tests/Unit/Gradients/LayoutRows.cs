using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Tests.Unit.Gradients;

/// <summary>Cases of operators that cut, join, turn, repeat and pick.</summary>
static class LayoutRows
{
    public static readonly RuleRow[] All =
    [
        Moved("Reshape", Reshape),
        Moved("Flatten", d =>
        {
            long[] shape = d.Shape(1, 4);
            d.Out("Flatten", [d.In(shape)], d.Maybe(OnnxAttribute.Of("axis", d.Int(-shape.Length, shape.Length))));
        }),
        Moved("Squeeze", Squeeze),
        Moved("Unsqueeze", Unsqueeze),
        Moved("Transpose", Transpose),
        Moved("Expand", Expand),
        Moved("Tile", d =>
        {
            long[] shape = d.Shape(1, 4, 3);
            d.Out("Tile", [d.In(shape), d.Graph.Longs(Draw.Many(shape.Length, _ => d.Int(1, 3)))]);
        }),
        Moved("Concat", Concat),
        Moved("Split", Split) with { Opsets = [17, 18] },
        Moved("Slice", Slice) with { Cases = 60 },
        Moved("DepthToSpace", DepthToSpace),
        Moved("SpaceToDepth", SpaceToDepth),
        Moved("Gather", Gather) with { Cases = 48 },
        Moved("GatherElements", GatherElements),
        Moved("GatherND", GatherNd),
        Moved("TopK", TopK) with { Step = 1.0 / 32 },
        Moved("Pad", Pad) with { Opsets = [17, 18, 19], Cases = 60 },
    ];

    /// <summary>Nothing is computed: steps of any size are exact.</summary>
    static RuleRow Moved(string op, Action<Draw> make) => new(op, make) { IsDouble = true, Step = 1 };

    static void Reshape(Draw d)
    {
        long[] shape = d.Shape(1, 4), other = d.Shuffled(shape);
        if (d.Flip()) other = [.. other, 1];
        if (d.Flip()) other[d.Int(0, other.Length - 1)] = -1;
        else if (other[0] == shape[0]) other[0] = 0;
        d.Out("Reshape", [d.In(shape), d.Graph.Longs(other)]);
    }

    static void Squeeze(Draw d)
    {
        long[] shape = [.. d.Shape(1, 4).Select(size => d.Flip() ? 1 : size)];
        long[] ones = [.. Enumerable.Range(0, shape.Length).Where(i => shape[i] == 1)
            .Select(i => d.Flip() ? i : (long)i - shape.Length)];
        d.Out("Squeeze", [d.In(shape), d.Flip() && ones.Length > 0 ? d.Graph.Longs(ones[..d.Int(1, ones.Length)])
            : null]);
    }

    static void Unsqueeze(Draw d)
    {
        long[] shape = d.Shape(0, 3);
        int added = d.Int(1, 2), rank = shape.Length + added;
        long[] axes = [.. d.Shuffled(Enumerable.Range(0, rank)).Take(added).Select(a => d.Flip() ? a : (long)a - rank)];
        d.Out("Unsqueeze", [d.In(shape), d.Graph.Longs(axes)]);
    }

    static void Transpose(Draw d)
    {
        long[] shape = d.Shape(1, 5);
        d.Out("Transpose", [d.In(shape)],
            d.Maybe(OnnxAttribute.Of("perm", d.Shuffled(Enumerable.Range(0, shape.Length).Select(i => (long)i)))));
    }

    static void Expand(Draw d)
    {
        long[][] shapes = d.Shapes(2);
        d.Out("Expand", [d.In(shapes[1]), d.Graph.Longs(shapes[0])]);
    }

    static void Concat(Draw d)
    {
        long[] shape = d.Shape(1, 4);
        long axis = d.Axis(shape.Length);
        int at = (int)(axis < 0 ? axis + shape.Length : axis);
        List<Value> parts = [];
        for (int i = d.Int(1, 4); i > 0; i--)
        {
            long[] part = [.. shape];
            part[at] = d.Int(1, 3);
            // The same part twice now and then.
            parts.Add(parts.Count > 0 && d.Int(0, 3) == 0 ? parts[0] : d.In(part));
        }

        d.Out("Concat", [.. parts], OnnxAttribute.Of("axis", axis));
    }

    static void Split(Draw d)
    {
        long[] shape = d.Shape(1, 4);
        long axis = d.Axis(shape.Length);
        int at = (int)(axis < 0 ? axis + shape.Length : axis), count = d.Int(1, 4);
        Value[] made;
        OnnxAttribute[] along = axis == 0 ? [] : [OnnxAttribute.Of("axis", axis)];
        if (d.Number % 3 == 0)
        {
            shape[at] = count * d.Int(1, 3);
            // From 18 on the last part may be smaller.
            if (d.Graph.Opset >= 18 && count > 1 && shape[at] / count > 1) shape[at]--;
            if (d.Graph.Opset >= 18) along = [.. along, OnnxAttribute.Of("num_outputs", count)];
            made = d.Graph.Op("Split", [d.In(shape)], along, count);
        }
        else
        {
            long[] sizes = Draw.Many(count, _ => d.Int(1, 3));
            shape[at] = sizes.Sum();
            made = d.Graph.Op("Split", [d.In(shape), d.Graph.Longs(sizes)], along, count);
        }

        // Nobody has to use every part.
        d.Out([.. made.Where((_, i) => i == 0 || d.Int(0, 2) > 0)]);
    }

    static void Slice(Draw d)
    {
        long[] shape = d.Shape(1, 4, 7);
        int[] which = [.. d.Shuffled(Enumerable.Range(0, shape.Length)).Take(d.Int(1, shape.Length))];
        if (d.Number % 5 == 0) which = [.. Enumerable.Range(0, which.Length)];
        long[] starts = new long[which.Length], ends = new long[which.Length], steps = new long[which.Length];
        for (int i = 0; i < which.Length; i++) (starts[i], ends[i], steps[i]) = Cut(d, shape[which[i]]);
        bool leavesAxes = d.Number % 5 == 0;
        var axes = leavesAxes ? null
            : d.Graph.Longs([.. which.Select(a => d.Flip() ? a : (long)a - shape.Length)]);
        if (leavesAxes && d.Flip()) Array.Fill(steps, 1);
        // A step that is left out is 1: the cut has to go forwards then.
        bool leavesSteps = leavesAxes && steps.All(s => s == 1);
        for (int i = 0; leavesSteps && i < which.Length; i++) (starts[i], ends[i]) = (0, d.Int(1,
            (int)shape[which[i]]));
        d.Out("Slice", [d.In(shape), d.Graph.Longs(starts), d.Graph.Longs(ends), axes,
            leavesSteps ? null : d.Graph.Longs(steps)]);
    }

    /// <summary>A cut that leaves something, with ends inside, counted from behind, or far outside.</summary>
    static (long Start, long End, long Step) Cut(Draw d, long size)
    {
        long step = d.OneOf(1, 1, 2, 3, -1, -1, -2, -3);
        long first = d.Int(0, (int)size - 1), last = d.Int(0, (int)size - 1);
        if ((last - first) * step < 0) (first, last) = (last, first);
        long end = step > 0
            ? d.OneOf(last + 1, last + 1 - (last + 1 < size ? size : 0), last == size - 1 ? long.MaxValue : last + 1)
            : last == 0 ? d.OneOf(-size - 1, long.MinValue, -int.MaxValue) : d.OneOf(last - 1, last - 1 - size);
        long start = step < 0 && first == size - 1 && d.Flip() ? size + 5 : d.OneOf(first, first - size);
        return (start, end, step);
    }

    static void DepthToSpace(Draw d)
    {
        long b = d.Int(1, 3);
        d.Out("DepthToSpace", [d.In([d.Int(1, 2), b * b * d.Int(1, 2), d.Int(1, 3), d.Int(1, 3)])],
            [OnnxAttribute.Of("blocksize", b), .. d.Maybe(OnnxAttribute.Of("mode", d.OneOf("DCR", "CRD")))]);
    }

    static void SpaceToDepth(Draw d)
    {
        long b = d.Int(1, 3);
        d.Out("SpaceToDepth", [d.In([d.Int(1, 2), d.Int(1, 3), b * d.Int(1, 2), b * d.Int(1, 2)])],
            OnnxAttribute.Of("blocksize", b));
    }

    static void Gather(Draw d)
    {
        long[] shape = d.Shape(1, 4, 5);
        long axis = d.Axis(shape.Length), size = shape[(int)(axis < 0 ? axis + shape.Length : axis)];
        OnnxAttribute[] along = axis == 0 ? d.Maybe(OnnxAttribute.Of("axis", 0)) : [OnnxAttribute.Of("axis", axis)];
        long[] all = [.. Enumerable.Range(0, (int)size).Select(i => (long)i)];
        long[] dims, which;
        switch (d.Number % 6)
        {
            case 0: (dims, which) = ([], [d.Int(-(int)size, (int)size - 1)]); break;
            case 1: (dims, which) = ([size], d.Shuffled(all)); break;
            case 2: (dims, which) = ([d.Int(1, (int)size)], all); break;
            case 3:
                (dims, which) = ([d.Int(1, (int)size)], [.. d.Shuffled(all).Select(i => d.Flip() ? i
                : i - size)]); break;
            default:
                dims = d.Shape(1, 2);
                which = Draw.Many((int)Draw.Count(dims), _ => d.Int(-(int)size, (int)size - 1));
                break;
        }

        d.Out("Gather", [d.In(shape), d.Longs(dims, which[..(int)Draw.Count(dims)])], along);
    }

    static void GatherElements(Draw d)
    {
        long[] shape = d.Shape(1, 4);
        long axis = d.Axis(shape.Length);
        int at = (int)(axis < 0 ? axis + shape.Length : axis), size = (int)shape[at];
        long[] dims = Draw.Many(shape.Length, i => i == at ? d.Int(1, 5) : d.Int(1, (int)shape[i]));
        d.Out("GatherElements", [d.In(shape), d.Longs(dims, Draw.Many((int)Draw.Count(dims), _ => d.Int(-size,
            size - 1)))],
            axis == 0 ? [] : [OnnxAttribute.Of("axis", axis)]);
    }

    static void GatherNd(Draw d)
    {
        long[] shape = d.Shape(1, 4);
        int depth = d.Int(1, shape.Length);
        long[] dims = [.. d.Shape(0, 2), depth];
        d.Out("GatherND", [d.In(shape), d.Longs(dims, Draw.Many((int)Draw.Count(dims),
            i => d.Int(-(int)shape[i % depth], (int)shape[i % depth] - 1)))]);
    }

    static void TopK(Draw d)
    {
        long[] shape = d.Shape(1, 4);
        long axis = d.Axis(shape.Length), size = shape[(int)(axis < 0 ? axis + shape.Length : axis)];
        d.Out(d.Graph.Op("TopK", [d.In(shape, d.Apart()), d.Graph.Longs(d.Int(1, (int)size))],
            [
                .. axis == -1 ? [] : (OnnxAttribute[])[OnnxAttribute.Of("axis", axis)],
                .. d.Maybe(OnnxAttribute.Of("largest", d.OneOf(0L, 1L))), .. d.Maybe(OnnxAttribute.Of("sorted", 1)),
            ], 2)[0]);
    }

    static void Pad(Draw d)
    {
        string[] modes = ["constant", "reflect", "edge", "wrap"];
        string mode = d.OneOf(d.Graph.Opset >= 19 ? modes : modes[..3]);
        long[] shape = d.Shape(1, 4, 5);
        int[] which = d.Graph.Opset >= 18 && d.Flip()
            ? [.. d.Shuffled(Enumerable.Range(0, shape.Length)).Take(d.Int(1, shape.Length))]
            : [.. Enumerable.Range(0, shape.Length)];
        // A reflection leaves out the edge itself; a negative pad may not cut everything off.
        long Any(int i) => mode switch
        {
            "constant" => d.Int(-(int)(shape[which[i]] - 1) / 2, 3),
            "reflect" => d.Int(0, (int)shape[which[i]] - 1),
            "wrap" => d.Int(0, (int)shape[which[i]]),
            _ => d.Int(0, 3),
        };
        long[] pads = Draw.Many(2 * which.Length, i => Any(i % which.Length));
        var axes = which.Length == shape.Length && which.Index().All(w => w.Index == w.Item) ? null
            : d.Graph.Longs([.. which.Select(a => d.Flip() ? a : (long)a - shape.Length)]);
        var x = d.In(shape);
        d.Out("Pad", [x, d.Graph.Longs(pads), mode == "constant" && d.Flip() ? d.In([]) : null, axes],
            mode == "constant" ? [] : [OnnxAttribute.Of("mode", mode)]);
    }
}
