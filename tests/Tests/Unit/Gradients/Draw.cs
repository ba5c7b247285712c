using System.Runtime.InteropServices;
using System.Text;
using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Tests.Unit.Gradients;

/// <summary>An input of a random case.</summary>
/// <param name="IsChecked">its gradient is compared; else it only has to be there</param>
sealed record Given(Value Value, double[] Numbers, long[] Dims, bool IsChecked)
{
    public string Name => Value.Name;
}

/// <summary>
/// A random case of an operator while it is made up: the model, and what goes in. The same row and number give the
/// same case
/// again. All numbers are multiples of 2^-12, so that steps, which are powers of two, add to them without rounding.
/// </summary>
sealed class Draw
{
    const double Grid = 4096;

    /// <summary>Numbers that are apart are four steps apart: no step of two of them at once makes them meet.</summary>
    const int StepsApart = 4;

    readonly Random _random;
    readonly Queue<int> _slots;

    /// <param name="type">of the numbers that gradients flow through</param>
    public Draw(RuleRow row, int number, ElementType type = ElementType.Float)
    {
        Number = number;
        Type = type;
        Step = row.Step;
        _random = new Random(Encoding.ASCII.GetBytes(row.Op).Aggregate(number, (a, b) => unchecked(a * 31 + b)));
        Graph = new GraphBuilder(row.Opsets[number % row.Opsets.Length]);
        int[] slots = [.. Enumerable.Range(-1000, 2000)];
        _random.Shuffle(slots);
        _slots = new Queue<int>(slots);
        row.Make(this);
    }

    public int Number { get; }

    public ElementType Type { get; }

    public double Step { get; }

    public GraphBuilder Graph { get; }

    public List<Given> Inputs { get; } = [];

    public List<Value> Outputs { get; } = [];

    /// <summary>Both ends can come.</summary>
    public int Int(int from, int to) => _random.Next(from, to + 1);

    public bool Flip() => _random.Next(2) == 0;

    public T OneOf<T>(params T[] of) => of[_random.Next(of.Length)];

    /// <summary>The attribute, or nothing.</summary>
    public OnnxAttribute[] Maybe(OnnxAttribute attribute) => Flip() ? [attribute] : [];

    public T[] Shuffled<T>(IEnumerable<T> of)
    {
        T[] all = [.. of];
        _random.Shuffle(all);
        return all;
    }

    public static long[] Many(int count, Func<int, long> each) => [.. Enumerable.Range(0, count).Select(each)];

    public long[] Shape(int rankFrom, int rankTo, int sizeTo = 4) => Many(Int(rankFrom, rankTo), _ => Int(1, sizeTo));

    /// <summary>Shapes that broadcast together.</summary>
    public long[][] Shapes(int count)
    {
        long[] whole = Shape(1, 4);
        return [.. Enumerable.Range(0, count).Select(i => Part(whole, maySkip: i > 0 || Flip()))];
    }

    long[] Part(long[] whole, bool maySkip) => !maySkip || Flip() ? whole
        : [.. whole.Select(size => Int(0, 2) == 0 ? 1 : size).Skip(Int(0, whole.Length))];

    /// <summary>An axis, counted from either end.</summary>
    public long Axis(int rank) => Int(-rank, rank - 1);

    /// <summary>Some axes in no order, each counted from either end.</summary>
    public long[] Axes(int rank, int least = 1) => [.. Shuffled(Enumerable.Range(0, rank)).Take(Int(least, rank))
        .Select(a => Flip() ? a : (long)a - rank)];

    public Func<double> Normal(double scale = 1) => () => scale * Noise.Gauss(_random);

    public Func<double> Uniform(double from, double to) => () => from + (to - from) * _random.NextDouble();

    /// <summary>From -3 to 3, three steps away from places where a slope jumps.</summary>
    public Func<double> ClearOf(params double[] kinks) => () =>
    {
        while (true)
        {
            double number = 6 * _random.NextDouble() - 3;
            if (kinks.All(k => Math.Abs(number - k) > 3 * Step)) return number;
        }
    };

    /// <summary>No two alike or near each other, in the whole case.</summary>
    public Func<double> Apart() => () => StepsApart * Step * _slots.Dequeue();

    /// <summary>Numbers whose gradient is compared: an input of the graph or, now and then, a constant of it.</summary>
    public Value In(long[] dims, Func<double>? number = null) =>
        Take(dims, number ?? Normal(), isConstant: Int(0, 2) == 0, isChecked: true);

    /// <summary>The same, never a constant.</summary>
    public Value Input(long[] dims, Func<double>? number = null) =>
        Take(dims, number ?? Normal(), isConstant: false, isChecked: true);

    /// <summary>Numbers whose gradient nobody asks for.</summary>
    public Value Fixed(long[] dims, Func<double> number) => Take(dims, number, Flip(), isChecked: false);

    Value Take(long[] dims, Func<double> number, bool isConstant, bool isChecked)
    {
        string name = $"x{Inputs.Count}";
        double[] numbers = [.. Enumerable.Range(0, (int)Count(dims)).Select(_ => Math.Round(number() * Grid) / Grid)];
        var value = isConstant ? Graph.Constant(Tensor(name, dims, numbers))
            : Graph.Input(name, Type, [.. dims.Select(Dim.Of)]);
        Inputs.Add(new Given(value, numbers, dims, isChecked));
        return value;
    }

    OnnxTensor Tensor(string name, long[] dims, double[] numbers) => Type == ElementType.Double
        ? OnnxTensor.Raw(name, Type, dims, MemoryMarshal.AsBytes<double>(numbers).ToArray())
        : OnnxTensor.Of(name, [.. numbers.Select(n => (float)n)], dims);

    /// <summary>Integers, as a constant or as an input that only a run gives.</summary>
    /// <param name="isConstant">null: one or the other</param>
    public Value Longs(long[] dims, long[] numbers, bool? isConstant = null)
    {
        string name = $"i{Inputs.Count}";
        if (isConstant ?? Flip()) return Graph.Constant(OnnxTensor.Of(name, numbers, dims));
        var value = Graph.Input(name, ElementType.Int64, [.. dims.Select(Dim.Of)]);
        Inputs.Add(new Given(value, [.. numbers.Select(n => (double)n)], dims, IsChecked: false));
        return value;
    }

    public Value Truths(long[] dims) => Graph.Constant(OnnxTensor.Of(
        "truth", [.. Enumerable.Range(0, (int)Count(dims)).Select(_ => Flip())], dims));

    /// <summary>The nodes with their attributes, for the message of a failure.</summary>
    public override string ToString() => string.Join("; ", Graph.Model.Graph.Nodes.Select(n =>
        $"opset {Graph.Opset} {n.Op} "
        + string.Join(", ", n.Inputs.Select(i => i.Length > 0 ? Text(Graph[i]) : "-")) + " "
        + string.Join(" ", n.Attributes.Select(a => $"{a.Name}={Text(a)}"))));

    static string Text(Value value) => value.Facts.Constant is not { Count: <= 10 } few ? value.ToString()
        : $"[{string.Join(' ',
            few.Type.IsReal() ? few.Floats().Select(f => (double)f) : few.Longs().Select(i => (double)i))}]";

    static string Text(OnnxAttribute a) => a.Kind switch
    {
        AttributeKind.Ints => $"[{string.Join(',', a.Ints)}]",
        AttributeKind.String => a.Text,
        AttributeKind.Float => FormattableString.Invariant($"{a.Float}"),
        _ => FormattableString.Invariant($"{a.Int}"),
    };

    public static long Count(IEnumerable<long> dims) => dims.Aggregate(1L, (a, b) => a * b);

    public void Out(params Value[] values) => Outputs.AddRange(values);

    /// <summary>A node with one output that goes into the loss.</summary>
    public Value Out(string op, Value?[] inputs, params OnnxAttribute[] attributes)
    {
        var made = Graph.Op(op, inputs, attributes);
        Outputs.Add(made);
        return made;
    }

    /// <summary>Coefficients of the loss, normal.</summary>
    public double[] Coefficients(long count) => [.. Enumerable.Range(0, (int)count).Select(_ => Noise.Gauss(_random))];
}
