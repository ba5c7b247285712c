using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Editing;

/// <summary>What a size was, and what it becomes.</summary>
readonly record struct Change(long Old, long New)
{
    public bool IsNone => Old == New;

    public override string ToString() => IsNone ? $"{Old}" : $"{Old}->{New}";
}

/// <summary>A graph on its way from one input size to another: shapes as they were and as they are.</summary>
sealed class Resizing(
    OnnxGraph graph, IReadOnlyDictionary<string, ValueFacts> before, Dictionary<string, ValueFacts> now, string input)
{
    static readonly HashSet<string> Broadcasting = new(StringComparer.Ordinal)
    {
        "Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Sum", "Mean", "Where", "Equal", "Greater", "Less", "And",
        "Or", "PRelu",
    };

    readonly NewNames _names = new(graph);
    readonly GridConstants _grids = new();

    /// <summary>
    /// Of what sizes a product of sizes was made: where a later Reshape takes it apart, it becomes these.
    /// </summary>
    readonly Dictionary<Change, Change[]> _factors = [];

    /// <summary>Puts what follows from the input's size in the place of what followed from the old one.</summary>
    public void Mend(OnnxNode node)
    {
        if (node.Domain.Length > 0) return;
        switch (node.Op)
        {
            case "Reshape": MendReshape(node); break;
            case "Expand": MendExpand(node); break;
            case "Resize": MendResize(node); break;
            default:
                if (Broadcasting.Contains(node.Op)) MendGrids(node);
                break;
        }
    }

    /// <summary>Remembers what the picture's grids are.</summary>
    public void Note(OnnxNode node)
    {
        foreach (string output in node.Outputs)
        {
            if (Changes(output) is not { Length: 4 } changes) continue;
            if (node.Op is "Conv" or "MaxPool" or "AveragePool" or "ConvTranspose")
                _grids.Note(changes[2], changes[3]);
        }
    }

    void MendReshape(OnnxNode node)
    {
        if (ConstantLongs(node, 1) is not { } target || Changes(node.Inputs[0]) is not { } from) return;
        if (!Olds(target, from, node.Int("allowzero", 0) == 1, out long[] olds)) return;
        var groups = ReshapeGroups.Of([.. from.Select(c => c.Old)], olds);
        if (groups is null)
            throw Fault(node, 1, $"it cannot be told which of {Text(from)} become {string.Join('x', olds)}");
        long[] news = [.. target];
        foreach (var group in groups)
        {
            Change[] parts = [.. from[group.From]];
            long[] into = olds[group.To];
            // Where one size is left open and the others' fate cannot be told, they stay as they are.
            var made = Split(parts, into);
            if (made is null && target.Take(group.To).Contains(-1)) continue;
            if (made is null) throw Fault(node, 1, $"{Text(parts)} cannot be told apart into {string.Join('x', into)}");
            for (int i = 0; i < made.Length; i++)
                if (news[group.To.Start.Value + i] > 0) news[group.To.Start.Value + i] = made[i].New;
        }

        Exchange(node, 1, target, news);
    }

    /// <summary>The target with its 0 and -1 worked out for the old sizes.</summary>
    static bool Olds(IReadOnlyList<long> target, Change[] from, bool isZeroSize, out long[] olds)
    {
        olds = [.. target.Select((t, i) => t == 0 && !isZeroSize && i < from.Length ? from[i].Old : t)];
        long all = from.Aggregate(1L, (a, c) => a * c.Old);
        long rest = olds.Where(o => o != -1).Aggregate(1L, (a, b) => a * b);
        int open = Array.IndexOf(olds, -1);
        if (open >= 0 && rest > 0) olds[open] = all / rest;
        return all > 0 && olds.Aggregate(1L, (a, b) => a * b) == all;
    }

    /// <summary>The sizes that a group of sizes becomes; null where that cannot be told.</summary>
    Change[]? Split(Change[] parts, long[] into)
    {
        long product = parts.Aggregate(1L, (a, c) => a * c.New);
        if (parts.All(p => p.IsNone)) return [.. into.Select(i => new Change(i, i))];
        if (into.Length == 1)
        {
            var whole = new Change(into[0], product);
            if (parts.Length > 1) _factors[whole] = parts;
            return [whole];
        }

        return SplitMany(parts, into, product);
    }

    Change[]? SplitMany(Change[] parts, long[] into, long product)
    {
        Change[] known = parts.Length == 1 && _factors.TryGetValue(parts[0], out var factors) ? factors : parts;
        if (known.Select(k => k.Old).Where(o => o != 1).SequenceEqual(into.Where(o => o != 1)))
        {
            var changed = new Queue<Change>(known.Where(k => k.Old != 1));
            return [.. into.Select(o => o == 1 ? new Change(1, 1) : changed.Dequeue())];
        }

        // All that changes is one size, and its old number stands in the target once.
        Change[] changing = [.. known.Where(k => !k.IsNone)];
        return changing.Length == 1 && into.Count(i => i == changing[0].Old) == 1
            && into.Where(i => i != changing[0].Old).Aggregate(changing[0].New, (a, b) => a * b) == product
            ? [.. into.Select(i => i == changing[0].Old ? changing[0] : new Change(i, i))] : null;
    }

    void MendExpand(OnnxNode node)
    {
        if (ConstantLongs(node, 1) is not { } target || Changes(node.Inputs[0]) is not { } from) return;
        long[] news = [.. target];
        for (int i = 1; i <= Math.Min(target.Count, from.Length); i++)
        {
            if (target[^i] == from[^i].Old) news[^i] = from[^i].New;
        }

        Exchange(node, 1, target, news);
    }

    void MendResize(OnnxNode node)
    {
        if (ConstantLongs(node, 3) is not { Count: > 0 } target || Changes(node.Inputs[0]) is not { } from) return;
        var axes = node.Ints("axes");
        long[] news = [.. target];
        for (int i = 0; i < news.Length; i++)
        {
            var size = from[axes is null ? i : Sizes.Axis(axes[i], from.Length)];
            if (size.IsNone) continue;
            if (target[i] * size.New % size.Old != 0)
                throw Fault(node, 3, $"{target[i]} for {size.Old} is no whole size for {size.New}");
            news[i] = target[i] * size.New / size.Old;
        }

        Exchange(node, 3, target, news);
    }

    /// <summary>Constants beside a value whose size changes: they have to be places of grid cells.</summary>
    void MendGrids(OnnxNode node)
    {
        for (int i = 0; i < node.Inputs.Count; i++)
        {
            if (now.GetValueOrDefault(node.Inputs[i])?.Constant is not { } tensor || !tensor.Type.IsReal()) continue;
            foreach (string other in node.Inputs.Where(o => now.GetValueOrDefault(o)?.Constant is null).ToList())
            {
                if (Changes(other) is not { } changes) continue;
                for (int back = 1; back <= Math.Min(tensor.Dims.Count, changes.Length); back++)
                {
                    var change = changes[^back];
                    if (change.IsNone || tensor.Dims[^back] != change.Old || change.Old == 1) continue;
                    var made = _grids.Derive(tensor, tensor.Dims.Count - back, change, InputOf())
                        ?? throw Fault(node, i, $"it has {tensor.Dims[^back]} numbers where {change.New} are needed, "
                            + "and they are no places or strides of grid cells");
                    Put(node, i, made);
                    tensor = made;
                }
            }
        }
    }

    /// <summary>Height and width of the picture.</summary>
    (Change Height, Change Width)? InputOf() => Changes(input) is { Length: 4 } c
        ? c[1].Old <= 4 || c[3].Old > 4 ? (c[2], c[3]) : (c[1], c[2]) : null;

    /// <summary>Whether a node can still do its work with the new sizes.</summary>
    public void Check(OnnxNode node)
    {
        IReadOnlyList<Dim>?[] shapes = [.. node.Inputs.Select(i => now.GetValueOrDefault(i)?.Shape)];
        string? fault = node.Op switch
        {
            _ when node.Domain.Length > 0 => null,
            "Concat" => Joined(shapes, node.Int("axis", 0)),
            "Gemm" => Inner(shapes, node.Int("transA", 0) == 1, node.Int("transB", 0) == 1),
            "MatMul" => Inner(shapes, false, false),
            "Reshape" => Reshaped(node, shapes[0]),
            _ when Broadcasting.Contains(node.Op) && node.Op != "PRelu" => Together(shapes),
            _ => null,
        };
        if (fault is not null) throw new NotSupportedException($"{Wanted()}: {node.Label}: {fault}");
    }

    static string? Together(IReadOnlyList<Dim>?[] shapes)
    {
        for (int back = 1; back <= shapes.Max(s => s?.Count ?? 0); back++)
        {
            long[] sizes = [.. shapes.Where(s => s?.Count >= back).Select(s => s![^back].Known).OfType<long>()
                .Where(k => k != 1).Distinct()];
            if (sizes.Length > 1) return $"sizes {string.Join(" and ", sizes)} do not go together";
        }

        return null;
    }

    static string? Joined(IReadOnlyList<Dim>?[] shapes, long axis)
    {
        if (shapes.Any(s => s is null) || shapes.Length == 0) return null;
        int at = Sizes.Axis(axis, shapes[0]!.Count);
        for (int i = 0; i < shapes[0]!.Count; i++)
        {
            long[] sizes = i == at ? [] : [.. shapes.Select(s => s![i].Known).OfType<long>().Distinct()];
            if (sizes.Length <= 1) continue;
            return $"sizes {string.Join(" and ", sizes)} cannot be joined: wanted are multiples of the coarsest stride";
        }

        return null;
    }

    static string? Inner(IReadOnlyList<Dim>?[] shapes, bool turnsA, bool turnsB)
    {
        if (shapes.Length < 2 || shapes[0] is not { Count: >= 2 } a || shapes[1] is not { Count: >= 2 } b) return null;
        long? x = a[turnsA ? ^2 : ^1].Known, y = b[turnsB ? ^1 : ^2].Known;
        return x is not null && y is not null && x != y ? $"its weights are for {y} numbers, now there are {x}" : null;
    }

    string? Reshaped(OnnxNode node, IReadOnlyList<Dim>? shape)
    {
        if (shape is null || ConstantLongs(node, 1) is not { } target || target.Any(t => t <= 0)) return null;
        long? count = Dim.Product(shape).Known;
        long product = target.Aggregate(1L, (a, b) => a * b);
        return count is { } c && c != product ? $"{c} numbers do not become {string.Join('x', target)}" : null;
    }

    /// <summary>The value's sizes before and now; null where they are not known.</summary>
    Change[]? Changes(string name)
    {
        if (before.GetValueOrDefault(name)?.Shape is not { } old || now.GetValueOrDefault(name)?.Shape is not { } made
            || old.Count != made.Count || old.Concat(made).Any(d => d.Known is null)) return null;
        return [.. old.Zip(made, (o, m) => new Change(o.Known!.Value, m.Known!.Value))];
    }

    IReadOnlyList<long>? ConstantLongs(OnnxNode node, int at) =>
        node.Input(at) is { } name && now.GetValueOrDefault(name) is { Constant: not null, Longs: { } longs }
            ? longs : null;

    void Exchange(OnnxNode node, int at, IReadOnlyList<long> old, long[] made)
    {
        if (!old.SequenceEqual(made)) Put(node, at, OnnxTensor.Of(node.Inputs[at], made, made.Length));
    }

    /// <summary>Gives a node a constant of its own: others may use the old one for something else.</summary>
    void Put(OnnxNode node, int at, OnnxTensor tensor)
    {
        var own = tensor.Named(_names.Take($"{node.Inputs[at]}_sized"));
        graph.Initializers.Add(own);
        now[own.Name] = ValueFacts.Of(own);
        node.Inputs[at] = own.Name;
    }

    NotSupportedException Fault(OnnxNode node, int at, string why) =>
        new($"{Wanted()}: constant '{node.Inputs[at]}' of {node.Label}: {why}");

    string Wanted() => $"'{input}' cannot be {string.Join('x', now[input].Shape!)}";

    static string Text(Change[] changes) => string.Join(" x ", changes);
}
