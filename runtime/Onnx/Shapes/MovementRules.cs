using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Shapes;

/// <summary>Rows for operators that move numbers about without computing any.</summary>
static class MovementRules
{
    public static readonly Dictionary<string, ShapeRules.Rule> All = new(StringComparer.Ordinal)
    {
        ["Gather"] = OfGather,
        ["GatherElements"] = c => c.One(c.In(1).Shape),
        ["GatherND"] = OfGatherNd,
        ["Concat"] = OfConcat,
        ["Slice"] = OfSlice,
        ["Split"] = OfSplit,
        ["Squeeze"] = OfSqueeze,
        ["Unsqueeze"] = OfUnsqueeze,
        ["Reshape"] = OfReshape,
        ["Flatten"] = OfFlatten,
        ["Transpose"] = OfTranspose,
        ["Expand"] = c => c.One(Sizes.Broadcast(c.Shape, c.In(1).Contents)),
        ["Tile"] = c => c.One([.. c.Dims(0).Zip(c.Contents(1), (size, times) => size * times)]),
        ["Pad"] = OfPad,
    };

    static ValueFacts[] OfGather(ShapeCase c)
    {
        var indices = c.In(1);
        int axis = Sizes.Axis(c.Node.Int("axis", 0), c.Rank);
        Dim[] shape = [.. c.Dims(0).Take(axis), .. c.Dims(1), .. c.Dims(0).Skip(axis + 1)];
        var from = c.In(0).Contents;
        var contents = from is not null && c.Rank == 1 && indices.Longs is { } at
            ? at.Select(i => from[Sizes.Axis(i, from.Count)]).ToArray() : null;
        return ShapeCase.One(c.Type, shape, contents);
    }

    static ValueFacts[] OfGatherNd(ShapeCase c)
    {
        var indices = c.Dims(1);
        int batch = (int)c.Node.Int("batch_dims", 0), depth = (int)indices[^1].Known!.Value;
        return c.One([.. indices.SkipLast(1), .. c.Dims(0).Skip(batch + depth)]);
    }

    static ValueFacts[] OfConcat(ShapeCase c)
    {
        int axis = Sizes.Axis(c.Node.Int("axis", 0), c.Rank);
        Dim[] shape = [.. c.Dims(0)];
        shape[axis] = c.Inputs.Select((_, i) => c.Dims(i)[axis]).Aggregate((a, b) => a + b);
        bool known = c.Rank == 1 && c.Inputs.All(i => i?.Contents is not null);
        return [new ValueFacts(c.Type, shape, known ? [.. c.Inputs.SelectMany(i => i!.Contents!)] : null, Scales(c,
            shape))];
    }

    /// <summary>A Resize's scales, which exporters join of constants: one for each axis.</summary>
    static OnnxTensor? Scales(ShapeCase c, Dim[] shape) =>
        c.Type == ElementType.Float && shape is [var count] && count.Known is <= 8
            && c.Inputs.All(i => i?.Constant is not null)
            ? OnnxTensor.Of("", [.. c.Inputs.SelectMany(i => i!.Constant!.Floats())], count.Known.Value) : null;

    static ValueFacts[] OfSlice(ShapeCase c)
    {
        var starts = c.NeedLongs(1, "starts");
        var ends = c.Node.Ints("ends")?.Select(Dim.Of).ToArray() ?? c.Contents(2);
        var axes = c.Gives(3, "axes") ? c.NeedLongs(3, "axes")
            : [.. Enumerable.Range(0, starts.Count).Select(i => (long)i)];
        var steps = c.Gives(4, "steps") ? c.NeedLongs(4, "steps") : [.. starts.Select(_ => 1L)];
        Dim[] shape = [.. c.Dims(0)];
        // Contents are a flat list: only of a vector is it known which of them a cut takes.
        var contents = c.Rank == 1 ? c.In(0).Contents : null;
        for (int i = 0; i < starts.Count; i++)
        {
            int axis = Sizes.Axis(axes[i], c.Rank);
            var cut = Cut.Of(shape[axis], starts[i], ends[i], steps[i]);
            shape[axis] = cut.Count;
            contents = contents is not null && cut.Count.Known is { } count && cut.From.Known is { } from
                ? [.. Enumerable.Range(0, (int)count).Select(k => contents[(int)(from + k * steps[i])])] : null;
        }

        return ShapeCase.One(c.Type, shape, contents);
    }

    static ValueFacts[] OfSplit(ShapeCase c)
    {
        int axis = Sizes.Axis(c.Node.Int("axis", 0), c.Rank), parts = c.Node.Outputs.Count;
        var sizes = c.Longs(1, "split")?.Select(Dim.Of).ToArray()
            ?? (c.Gives(1, "split") ? [.. c.Contents(1)] : null);
        if (sizes is null)
        {
            var each = Dim.CeilDiv(c.Dims(0)[axis], parts);
            sizes = [.. Enumerable.Repeat(each, parts)];
            if (each.Known is { } n) sizes[^1] = c.Dims(0)[axis] - n * (parts - 1);
        }

        var contents = c.Rank == 1 && sizes.All(s => s.Known is not null) ? c.In(0).Contents : null;
        int at = 0;
        var facts = new ValueFacts[parts];
        for (int i = 0; i < parts; i++)
        {
            int from = at;
            if (sizes[i].Known is { } size) at += (int)size;
            facts[i] = new ValueFacts(c.Type, [.. c.Dims(0).Select((d, k) => k == axis ? sizes[i] : d)],
                contents is null ? null : [.. contents.Take(at).Skip(from)]);
        }

        return facts;
    }

    static ValueFacts[] OfSqueeze(ShapeCase c)
    {
        var axes = c.Longs(1, "axes");
        if (axes is null && c.Gives(1, "axes")) return c.One(null);
        var gone = axes?.Select(a => Sizes.Axis(a, c.Rank)).ToHashSet();
        return ShapeCase.One(c.Type, [.. c.Dims(0).Where((d, i) => gone is null ? !d.Is(1) : !gone.Contains(i))],
            c.In(0).Contents);
    }

    static ValueFacts[] OfUnsqueeze(ShapeCase c)
    {
        var axes = c.NeedLongs(1, "axes");
        int rank = c.Rank + axes.Count;
        var added = axes.Select(a => Sizes.Axis(a, rank)).ToHashSet();
        var old = c.Dims(0).GetEnumerator();
        List<Dim> shape = [];
        for (int i = 0; i < rank; i++)
        {
            if (added.Contains(i)) shape.Add(1);
            else if (old.MoveNext()) shape.Add(old.Current);
        }

        return ShapeCase.One(c.Type, shape, c.In(0).Contents);
    }

    /// <summary>More sizes than this no tensor has; a damaged model may say so.</summary>
    const int RankMax = 64;

    static ValueFacts[] OfReshape(ShapeCase c)
    {
        if (c.In(1).Contents is not { } wanted)
        {
            // How many sizes is known when the shape's own size is.
            return c.One(c.In(1).Shape is [var rank] && rank.Known is { } n and <= RankMax
                ? [.. Enumerable.Range(0, (int)n).Select(i => Dim.Named($"{c.Node.Outputs[0]}.{i}"))] : null);
        }

        bool zeroIsZero = c.Node.Int("allowzero", 0) == 1;
        Dim[] shape = [.. wanted.Select((d, i) => d.Is(0) && !zeroIsZero ? c.Dims(0)[i] : d)];
        int open = Array.FindIndex(shape, d => d.Is(-1));
        if (open >= 0)
        {
            shape[open] = 1;
            shape[open] = c.Shape is null ? Dim.Named($"{c.Node.Outputs[0]}.{open}")
                : Quotient(c.Shape, shape);
        }

        return ShapeCase.One(c.Type, shape, c.In(0).Contents);
    }

    /// <summary>What is left of one product when another is taken out; factors they share go first.</summary>
    static Dim Quotient(IReadOnlyList<Dim> whole, IEnumerable<Dim> parts)
    {
        List<Dim> left = [.. whole], by = [];
        foreach (var part in parts)
        {
            if (part.Known is not null || !left.Remove(part)) by.Add(part);
        }

        return Dim.FloorDiv(Dim.Product(left), Dim.Product(by));
    }

    static ValueFacts[] OfFlatten(ShapeCase c)
    {
        int axis = Sizes.Axis(c.Node.Int("axis", 1), c.Rank);
        return c.One([Dim.Product(c.Dims(0).Take(axis)), Dim.Product(c.Dims(0).Skip(axis))]);
    }

    static ValueFacts[] OfTranspose(ShapeCase c)
    {
        var order = c.Node.Ints("perm") ?? [.. Enumerable.Range(0, c.Rank).Reverse().Select(i => (long)i)];
        return c.One([.. order.Select(i => c.Dims(0)[(int)i])]);
    }

    static ValueFacts[] OfPad(ShapeCase c)
    {
        var pads = c.Node.Ints("pads")?.Select(Dim.Of).ToArray() ?? c.Contents(1);
        var axes = c.In(3).Longs ?? [.. Enumerable.Range(0, c.Rank).Select(i => (long)i)];
        Dim[] shape = [.. c.Dims(0)];
        for (int i = 0; i < axes.Count; i++)
            shape[Sizes.Axis(axes[i], c.Rank)] += pads[i] + pads[axes.Count + i];
        return c.One(shape);
    }
}

/// <summary>One axis of a Slice, with its ends brought inside as the operator does.</summary>
readonly record struct Cut(Dim From, Dim Count)
{
    public static Cut Of(Dim size, long start, Dim end, long step)
    {
        if (size.Known is { } n && end.Known is { } to)
        {
            long from = start < 0 ? start + n : start, until = to < 0 ? to + n : to;
            from = step > 0 ? Math.Clamp(from, 0, n) : Math.Clamp(from, 0, n - 1);
            until = step > 0 ? Math.Clamp(until, 0, n) : Math.Clamp(until, -1, n - 1);
            return new Cut(from, Math.Max(0, (until - from + step - Math.Sign(step)) / step));
        }

        // An open size: ends far beyond it mean "to the end", negative ones count from there.
        bool toEnd = end.Known is { } far && (step > 0 ? far > int.MaxValue / 2 : far < -(int.MaxValue / 2));
        Dim first = start >= 0 ? start : size + start;
        if (step < 0) return toEnd && start == -1 ? new Cut(first, Dim.CeilDiv(size, -step)) : throw Open();
        Dim last = toEnd ? size : end.Known is < 0 ? size + end : end;
        return new Cut(first, Dim.CeilDiv(last - first, step));
    }

    static NotSupportedException Open() => new("a slice of an open size that steps backwards");
}
