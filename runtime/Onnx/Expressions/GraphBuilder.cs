using System.Globalization;
using System.Text;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Expressions;

/// <summary>
/// Writes a graph, node after node, and knows type and sizes of every value as it does. An operation that was written
/// before, on the same values with the same settings, is not written again. Not thread safe.
/// </summary>
public sealed class GraphBuilder
{
    readonly Dictionary<string, Value> _values = new(StringComparer.Ordinal);
    readonly Dictionary<string, string[]> _written = new(StringComparer.Ordinal);
    readonly HashSet<string> _nodeNames = new(StringComparer.Ordinal);
    readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);

    /// <summary>Begins an empty graph.</summary>
    public GraphBuilder(long opset = 17)
    {
        Model = new OnnxModel { IrVersion = 8, Producer = "EdgeAppliance", Opsets = { [""] = opset } };
    }

    /// <summary>Goes on with a model, which is changed.</summary>
    public GraphBuilder(OnnxModel model)
    {
        Model = model;
        _nodeNames.UnionWith(model.Graph.Nodes.Select(n => n.Name));
        foreach (var (name, facts) in ShapeInference.Infer(model)) Take(name, facts);
    }

    public OnnxModel Model { get; }

    public long Opset => Model.Opset;

    /// <summary>Stands before the names of values to come, as <c>loss/</c>.</summary>
    public string Prefix { get; set; } = "";

    /// <summary>A value that is there already.</summary>
    /// <exception cref="ArgumentException">there is none of that name</exception>
    public Value this[string name] => _values.TryGetValue(name, out var value) ? value
        : throw new ArgumentException($"the model has no value named '{name}'");

    /// <summary>
    /// Whether images keep their plain layout when the graph runs, as they do where convolutions' weights are no
    /// constants:
    /// then what is quick in blocks of channels is slow.
    /// </summary>
    internal bool IsPlain { get; init; }

    public bool Has(string name) => _values.ContainsKey(name);

    /// <summary>Adds an input.</summary>
    public Value Input(string name, ElementType type, params Dim[] shape)
    {
        if (Has(name)) throw new ArgumentException($"the model has a value named '{name}' already");
        Model.Graph.Inputs.Add(new TypedValue(name, type, shape));
        return Take(name, new ValueFacts(type, shape));
    }

    /// <summary>Makes a value an output of the graph, under a name.</summary>
    /// <returns>the value under its new name</returns>
    /// <exception cref="ArgumentException">another value has that name</exception>
    public Value Output(string name, Value value)
    {
        if (value.Name != name && Has(name))
            throw new ArgumentException($"the model has a value named '{name}' already: an output needs another name");
        var named = value.Name == name ? value : Op("Identity", [value], [], [name])[0];
        Model.Graph.Outputs.Add(new TypedValue(named.Name, named.Type, named.Facts.Shape));
        return named;
    }

    /// <summary>A constant that is a weight or another thing with a name.</summary>
    public Value Constant(OnnxTensor tensor)
    {
        var named = tensor.Named(Free(tensor.Name));
        Model.Graph.Initializers.Add(named);
        return Take(named.Name, ValueFacts.Of(named));
    }

    /// <summary>One number of a float type.</summary>
    public Value Scalar(float number, ElementType type = ElementType.Float)
    {
        var tensor = type switch
        {
            ElementType.Float => OnnxTensor.Of("", [number]),
            ElementType.Double => OnnxTensor.Raw("", type, [], WireWriter.LittleEndian<double>([number])),
            ElementType.Float16 => OnnxTensor.Raw("", type, [], WireWriter.LittleEndian([(Half)number])),
            ElementType.Int64 => OnnxTensor.Of("", [(long)number]),
            _ => throw new NotSupportedException($"a constant of {type}"),
        };
        return Shared($"{type} {number.ToString("R", CultureInfo.InvariantCulture)}", "const", tensor);
    }

    /// <summary>A vector of integers: axes, sizes, pads.</summary>
    public Value Longs(params long[] numbers) =>
        Shared("longs " + string.Join(',', numbers), "ints", OnnxTensor.Of("", numbers, numbers.Length));

    /// <summary>A tensor of floats, given whole.</summary>
    public Value Floats(float[] numbers, params long[] dims) => Constant(OnnxTensor.Of(Prefix + "floats", numbers,
        dims));

    /// <summary>A tensor of one number, over and over; the same constant for the same wish.</summary>
    public Value Filled(float number, params long[] dims)
    {
        long count = dims.Aggregate(1L, (a, b) => a * b);
        return Shared(string.Create(CultureInfo.InvariantCulture, $"{number:R} {string.Join('x', dims)}"), "filled",
            OnnxTensor.Of("", [.. Enumerable.Repeat(number, checked((int)count))], dims));
    }

    Value Shared(string key, string name, OnnxTensor tensor)
    {
        if (_written.TryGetValue(key, out string[]? there)) return _values[there[0]];
        var value = Constant(tensor.Named(Prefix + name));
        _written[key] = [value.Name];
        return value;
    }

    /// <summary>Writes an operator with one output.</summary>
    public Value Op(string op, params ReadOnlySpan<Value?> inputs) => Op(op, inputs, [], 1)[0];

    /// <summary>Writes an operator with attributes and one output.</summary>
    public Value Op(string op, Value?[] inputs, params OnnxAttribute[] attributes) => Op(op, inputs, attributes, 1)[0];

    /// <summary>Writes an operator.</summary>
    /// <param name="inputs">null: left out</param>
    /// <param name="outputs">how many</param>
    public Value[] Op(string op, ReadOnlySpan<Value?> inputs, OnnxAttribute[] attributes, int outputs)
    {
        string key = Key(op, inputs, attributes, outputs);
        if (_written.TryGetValue(key, out string[]? there)) return [.. there.Select(name => _values[name])];
        string stem = Prefix + op;
        var made = Op(op, inputs, attributes,
            [.. Enumerable.Range(0, outputs).Select(i => Free(outputs == 1 ? stem : $"{stem}.{i}"))]);
        _written[key] = [.. made.Select(v => v.Name)];
        return made;
    }

    /// <summary>Writes a node of another graph as it is; what goes into it has to be there.</summary>
    /// <exception cref="ArgumentException">a name that is taken, or one that is not there</exception>
    internal void Append(OnnxNode node)
    {
        if (node.Outputs.FirstOrDefault(Has) is { } taken)
            throw new ArgumentException($"{node.Label}: the graph has a value named '{taken}' already");
        var facts = node.Inputs.Select(i => i.Length > 0 ? this[i].Facts : null).ToArray();
        Model.Graph.Nodes.Add(node);
        var known = ShapeInference.Infer(node, facts);
        for (int i = 0; i < node.Outputs.Count; i++)
            if (node.Outputs[i].Length > 0) Take(node.Outputs[i], i < known.Count ? known[i] : ValueFacts.Unknown);
    }

    /// <summary>Writes an operator whose outputs, and so its node, have names already.</summary>
    internal Value[] Op(string op, ReadOnlySpan<Value?> inputs, OnnxAttribute[] attributes, string[] outputs)
    {
        List<string> names = [];
        List<ValueFacts?> facts = [];
        foreach (var input in inputs)
        {
            names.Add(input?.Name ?? "");
            facts.Add(input?.Facts);
        }

        while (names.Count > 0 && names[^1].Length == 0) names.RemoveAt(names.Count - 1);
        // A file's nodes may be called what no value of it is, and no two nodes may be called the same.
        string called = outputs[0];
        while (!_nodeNames.Add(called)) called += "_";
        var node = new OnnxNode
        {
            Op = op,
            Name = called,
            Inputs = names,
            Outputs = [.. outputs],
            Attributes = [.. attributes],
        };
        Model.Graph.Nodes.Add(node);
        var known = ShapeInference.Infer(node, facts);
        return [.. outputs.Select((name, i) => Take(name, i < known.Count ? known[i] : ValueFacts.Unknown))];
    }

    /// <summary>Begins the names of nodes through which no gradient flows: they survive saving and loading.</summary>
    internal const string StopPrefix = "stop_gradient";

    /// <summary>
    /// Begins the names of norms whose mean and variance are their own batch's: their gradient minds that. Such a name
    /// survives saving and loading too.
    /// </summary>
    internal const string OwnBatchPrefix = "own_batch";

    /// <summary>The same value, through which no gradient flows.</summary>
    internal Value Stop(Value value)
    {
        string key = $"{StopPrefix}|{value.Name}";
        if (!_written.TryGetValue(key, out string[]? there))
        {
            there = [Op("Identity", [value], [], [Free(StopPrefix)])[0].Name];
            _written[key] = there;
        }

        return this[there[0]];
    }

    /// <summary>Gives a node another output it can compute; the value, which was there already or is new.</summary>
    internal Value ExtraOutput(OnnxNode node, int index)
    {
        while (node.Outputs.Count <= index) node.Outputs.Add("");
        if (node.Outputs[index].Length > 0) return this[node.Outputs[index]];
        node.Outputs[index] = Free($"{Prefix}{node.Op}.{index}");
        var facts = ShapeInference.Infer(node, [.. node.Inputs.Select(i => i.Length > 0 ? this[i].Facts : null)]);
        return Take(node.Outputs[index], facts[index]);
    }

    Value Take(string name, ValueFacts facts) => _values[name] = new Value(this, name, facts);

    /// <summary>The name, or one made of it that nobody has.</summary>
    string Free(string name)
    {
        if (name.Length == 0) name = "value";
        if (!Has(name)) return name;
        int number = _numbers.GetValueOrDefault(name, 1);
        while (Has($"{name}_{number}")) number++;
        _numbers[name] = number + 1;
        return $"{name}_{number}";
    }

    static string Key(string op, ReadOnlySpan<Value?> inputs, OnnxAttribute[] attributes, int outputs)
    {
        var key = new StringBuilder(op).Append('/').Append(outputs);
        foreach (var input in inputs) key.Append('|').Append(input?.Name);
        foreach (var attribute in attributes)
        {
            var bytes = new WireWriter();
            attribute.WriteTo(bytes);
            key.Append('|').Append(Convert.ToBase64String(bytes.Written.Span));
        }

        return key.ToString();
    }
}
