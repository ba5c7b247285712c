using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Gradients;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Tests.Unit.Gradients;

/// <summary>What the loop over the nodes does, whatever the operators are.</summary>
public sealed class GradientLoopTests
{
    static readonly long[] Six = [2, 3];
    static readonly double[] Numbers = [0.5, -1.25, 2, -0.75, 1.5, 0.25];

    readonly GraphBuilder _graph = new();

    Value X() => _graph.Input("x", ElementType.Float, 2, 3);

    double[] Run(params Value[] outputs)
    {
        string[] names = [.. outputs.Select((v, i) => _graph.Output($"out{i}", v).Name)];
        using var cpu = new HeldModel(_graph.Model);
        cpu.Set("x", Numbers, Six);
        return [.. cpu.Run(names).SelectMany(n => n.Values)];
    }

    static void Near(IEnumerable<double> expected, double[] found)
    {
        Assert.Equal(expected.Count(), found.Length);
        Assert.All(expected.Zip(found), p => Assert.Equal(p.First, p.Second, 1e-5));
    }

    [Fact]
    public void A_value_used_several_times_gets_the_sum()
    {
        var x = X();
        var loss = (x * x + x * 3 - x.Sigmoid() * 0 + x).Sum();
        Near(Numbers.Select(v => 2 * v + 4), Run(_graph.Gradients(loss, ["x"])["x"]));
    }

    [Fact]
    public void A_target_that_is_no_single_number_stands_for_its_sum()
    {
        var x = X();
        Near(Numbers.Select(v => 2 * v), Run(_graph.Gradients(x * x, ["x"])["x"]));
    }

    [Fact]
    public void A_target_with_respect_to_itself_is_one()
    {
        var loss = X().Square().Sum();
        Near([1], Run(_graph.Gradients(loss, [loss.Name])[loss.Name]));
    }

    [Fact]
    public void Inputs_weights_and_values_in_between_are_asked_for_together()
    {
        var x = X();
        var weight = _graph.Constant(OnnxTensor.Of("weight", [2f, -1, 3], 3));
        var between = x * weight;
        var gradients = _graph.Gradients(between.Square().Sum(), ["x", "weight", between.Name]);
        double[] w = [2, -1, 3];
        Near(
        [
            .. Numbers.Select((v, i) => 2 * v * w[i % 3] * w[i % 3]),
            .. w.Select((v, i) => 2 * v * (Numbers[i] * Numbers[i] + Numbers[i + 3] * Numbers[i + 3])),
            .. Numbers.Select((v, i) => 2 * v * w[i % 3]),
        ], Run(gradients["x"], gradients["weight"], gradients[between.Name]));
    }

    [Fact]
    public void Nodes_off_the_path_are_left_alone()
    {
        var x = X();
        var loss = (x * 2).Sum();
        // Nobody has a rule for this one, and nobody needs one.
        _graph.Op("Hardmax", x);
        _graph.Op("Hardmax", _graph.Floats([1, 2], 2));
        int before = _graph.Model.Graph.Nodes.Count;
        var gradient = _graph.Gradients(loss, ["x"])["x"];
        Assert.DoesNotContain(_graph.Model.Graph.Nodes.Skip(before), n => n.Op == "Hardmax");
        Near(Numbers.Select(_ => 2.0), Run(gradient));
    }

    [Fact]
    public void No_gradient_flows_through_what_is_detached()
    {
        var x = X();
        var loss = (x * x.Square().Detach()).Sum();
        Near(Numbers.Select(v => v * v), Run(_graph.Gradients(loss, ["x"])["x"]));
    }

    [Fact]
    public void What_is_detached_stays_so_when_the_model_was_saved_and_read_again()
    {
        var x = X();
        var loss = (x * x.Square().Detach()).Sum();
        var read = new GraphBuilder(OnnxModel.Read(_graph.Model.ToBytes(), "detached"));
        var gradient = read.Gradients(read[loss.Name], ["x"])["x"];
        using var cpu = new HeldModel(With(read, gradient));
        cpu.Set("x", Numbers, Six);
        Near(Numbers.Select(v => v * v), cpu.Run("found")[0].Values);
    }

    static OnnxModel With(GraphBuilder graph, Value value)
    {
        graph.Output("found", value);
        return graph.Model;
    }

    [Fact]
    public void A_target_that_does_not_depend_on_an_input_gives_zeros()
    {
        X();
        var other = _graph.Floats([1, 2], 2);
        var gradient = _graph.Gradients(other.Sum(), ["x"])["x"];
        Assert.Equal(Six, gradient.Shape.Select(d => d.Known!.Value));
        Near(new double[6], Run(gradient));
    }

    [Fact]
    public void A_missing_rule_is_told_with_operator_and_node()
    {
        var loss = _graph.Op("Hardmax", X()).Sum();
        _graph.Model.Graph.Nodes[0].Name = "/head/hard";
        string said = Assert.Throws<NotSupportedException>(() => _graph.Gradients(loss, ["x"])).Message;
        Assert.Contains("no gradient rule for Hardmax '/head/hard'", said, StringComparison.Ordinal);
    }

    [Fact]
    public void An_operator_of_another_domain_is_not_taken_for_ours()
    {
        var x = X();
        var loss = x.Relu().Sum();
        var nodes = _graph.Model.Graph.Nodes;
        nodes[0] = new OnnxNode
        {
            Op = "Relu",
            Domain = "com.example",
            Inputs = nodes[0].Inputs,
            Outputs = nodes[0].Outputs,
        };
        string said = Assert.Throws<NotSupportedException>(() => _graph.Gradients(loss, ["x"])).Message;
        Assert.Contains("of domain com.example", said, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_the_graph_lacks_and_integers_are_refused()
    {
        var loss = X().Sum();
        _graph.Input("which", ElementType.Int64, 3);
        Assert.Throws<ArgumentException>(() => _graph.Gradients(loss, ["y"]));
        Assert.Contains("only floats", Assert.Throws<ArgumentException>(
            () => _graph.Gradients(loss, ["which"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Floor"), InlineData("Ceil"), InlineData("Round"), InlineData("Sign")]
    [InlineData("IsNaN"), InlineData("IsInf"), InlineData("Not")]
    [InlineData("Shape"), InlineData("Size"), InlineData("NonZero"), InlineData("ArgMax"), InlineData("ArgMin")]
    [InlineData("ConstantOfShape"), InlineData("OneHot"), InlineData("Range")]
    [InlineData("And"), InlineData("Or"), InlineData("Xor")]
    [InlineData("Equal"), InlineData("Greater"), InlineData("GreaterOrEqual"), InlineData("Less"),
        InlineData("LessOrEqual")]
    public void What_does_not_move_gives_zeros(string op)
    {
        Assert.Contains(op, GradientRules.Flat);
        var x = X();
        var truth = x.Cast(ElementType.Bool);
        var made = op switch
        {
            "Not" => _graph.Op(op, truth),
            "And" or "Or" or "Xor" => _graph.Op(op, truth, x.Square().Cast(ElementType.Bool)),
            "ConstantOfShape" => _graph.Op(op, x.ShapeOf() is { IsConstant: true } ? _graph.Op("Shape", x)
                : x.ShapeOf()),
            "OneHot" => _graph.Op(op, x.Cast(ElementType.Int64), _graph.Longs(4).Reshape([]), _graph.Floats([0, 1], 2)),
            "Range" => _graph.Op(op, _graph.Op("Size", x), _graph.Op("Size", x) + _graph.Longs(3).Reshape([]),
                _graph.Longs(1).Reshape([])),
            "Equal" or "Greater" or "GreaterOrEqual" or "Less" or "LessOrEqual" => _graph.Op(op, x, x * x),
            _ => _graph.Op(op, x),
        };
        var loss = made.Cast(ElementType.Float).Square().Sum();
        Near(new double[6], Run(_graph.Gradients(loss, ["x"])["x"]));
    }

    /// <summary>What has no rule yet says so: a gradient that is silently zero would be worse.</summary>
    [Fact]
    public void Inputs_without_a_rule_are_refused()
    {
        var x = X();
        var few = x.Mean([1]);
        void Refused(Value made, string why) => Assert.Contains(why, Assert.Throws<NotSupportedException>(
            () => _graph.Gradients(made.Sum(), ["x"])).Message, StringComparison.Ordinal);

        Refused(_graph.Op("OneHot", _graph.Longs(1), _graph.Longs(3).Reshape([]), few), "'OneHot'");
        Refused(_graph.Op("Range", x.Sum(), x.Sum() + 3, x.Alike(1)), "'Range'");
        Refused(_graph.Op("Clip", x, few.Sum()), "'Clip'");
        Refused(_graph.Op("Dropout", x, x.Alike(0.5f), _graph.Constant(OnnxTensor.Of("training", [true]))),
            "'Dropout'");
        var batch = x.Reshape(1, 2, 3);
        Refused(_graph.Op("BatchNormalization", batch, few, few, few, few), "'BatchNormalization'");
        Refused(_graph.Op("Einsum", [x.MatMul(x.Transpose(1, 0))], OnnxAttribute.Of("equation", "ii->i")), "'Einsum'");
    }

    [Fact]
    public void Every_flat_operator_is_tested() => Assert.Empty(GradientRules.Flat.Except(
        typeof(GradientLoopTests).GetMethod(nameof(What_does_not_move_gives_zeros))!
            .GetCustomAttributes(typeof(InlineDataAttribute), false).Cast<InlineDataAttribute>()
            .SelectMany(a => a.GetData(null!)).Select(d => (string)d[0])));
}
