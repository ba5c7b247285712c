using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Gradients;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Tests.Unit.Gradients;

/// <summary>One element of one gradient, both ways.</summary>
sealed record RuleEntry(int Case, string Where, double Ours, double Differenced, double Relative)
{
    public override string ToString() => FormattableString.Invariant(
        $"{Where}: {Ours:g7}, by differences {Differenced:g7}, relative {Relative:g2}");
}

/// <summary>
/// Gradients of a rule against central differences. The loss is the sum of all outputs, each element times a random
/// coefficient; it is summed in double. Two steps are extrapolated (Richardson): the fourth order is what is left.
/// </summary>
static class RuleCheck
{
    /// <summary>Of an input with more elements so many are compared, at random.</summary>
    const int EntriesMax = 40;

    /// <summary>Entries smaller than this part of an input's largest are compared on its scale.</summary>
    const double Small = 1e-3;

    public static List<RuleEntry> Run(RuleRow row, int number)
    {
        var type = row.IsDouble ? ElementType.Double : ElementType.Float;
        var (exact, ours) = (new Draw(row, number, type), new Draw(row, number));
        using var forward = Forward(exact);
        string[] names = [.. exact.Outputs.Select(v => v.Name)];
        var made = forward.Run(names);
        double[][] coefficients = [.. made.Select(m => exact.Coefficients(m.Values.Length))];
        for (int i = 0; i < names.Length; i++) CheckShape(exact.Outputs[i], made[i]);

        var gradients = Gradients(ours, made, coefficients);
        List<RuleEntry> entries = [];
        foreach (var input in exact.Inputs.Where(i => i.IsChecked))
        {
            var gradient = gradients[input.Name];
            Assert.Equal(input.Dims, gradient.Dims);
            string where = $"{row.Op} case {number} {input.Name} {string.Join('x', input.Dims)}";
            entries.AddRange(Compare(number, where, gradient, exact, input.Numbers.Length,
                index => Difference(forward, input, index, row.Step, names, coefficients)));
        }

        return entries;
    }

    /// <summary>What was worked out before the run has to be what came.</summary>
    static void CheckShape(Value value, Numbers made)
    {
        Assert.NotNull(value.Facts.Shape);
        Assert.Equal(made.Dims, value.Shape.Select((d, i) => d.Known ?? made.Dims[i]));
        Assert.True(made.Values.All(double.IsFinite), $"{value.Name} is not finite: a bad case");
    }

    /// <summary>The model without gradients; constants can be given, so that they can be changed.</summary>
    static HeldModel Forward(Draw draw)
    {
        var model = draw.Graph.Model.Copy();
        foreach (var input in draw.Inputs.Where(i => i.Value.IsConstant))
            model.Graph.Inputs.Add(new TypedValue(input.Name, input.Value.Type, [.. input.Dims.Select(Dim.Of)]));
        foreach (var output in draw.Outputs)
            model.Graph.Outputs.Add(new TypedValue(output.Name, output.Type, output.Facts.Shape));
        var cpu = new HeldModel(model, isExact: true);
        foreach (var input in draw.Inputs) cpu.Set(input.Name, input.Numbers, input.Dims, input.Value.Type);
        return cpu;
    }

    static Dictionary<string, Numbers> Gradients(Draw draw, Numbers[] made, double[][] coefficients)
    {
        var graph = draw.Graph;
        Value? loss = null;
        for (int i = 0; i < made.Length; i++)
        {
            var value = draw.Outputs[i];
            var part = (value * graph.Input($"r{i}", value.Type, [.. value.Shape])).Sum();
            loss = loss is null ? part : loss + part;
        }

        Given[] wanted = [.. draw.Inputs.Where(i => i.IsChecked)];
        var gradients = graph.Gradients(loss!, [.. wanted.Select(i => i.Name)]);
        foreach (var input in wanted) graph.Output($"d_{input.Name}", gradients[input.Name]);
        using var cpu = new HeldModel(graph.Model);
        foreach (var input in draw.Inputs.Where(i => !i.Value.IsConstant))
            cpu.Set(input.Name, input.Numbers, input.Dims, input.Value.Type);
        for (int i = 0; i < made.Length; i++)
            cpu.Set($"r{i}", coefficients[i], made[i].Dims, draw.Outputs[i].Type);
        // A gradient may be a value that has a name already.
        string[] outputs = [.. graph.Model.Graph.Outputs.Select(o => o.Name)];
        return wanted.Zip(cpu.Run(outputs)).ToDictionary(g => g.First.Name, g => g.Second);
    }

    static IEnumerable<RuleEntry> Compare(
        int number, string where, Numbers gradient, Draw draw, int count, Func<int, double> difference)
    {
        int[] indices = count <= EntriesMax ? [.. Enumerable.Range(0, count)]
            : [.. draw.Shuffled(Enumerable.Range(0, count)).Take(EntriesMax)];
        double[] differences = [.. indices.Select(difference)];
        double largest = differences.Concat(gradient.Values).Select(Math.Abs).DefaultIfEmpty(0).Max();
        for (int i = 0; i < indices.Length; i++)
        {
            double ours = gradient.Values[indices[i]];
            yield return new RuleEntry(number, $"{where} [{indices[i]}]", ours, differences[i],
                Relative(ours, differences[i], largest));
        }
    }

    /// <summary>The error in parts of the entry, or of a small part of the largest one.</summary>
    public static double Relative(double ours, double exact, double largest, double small = Small)
    {
        double scale = Math.Max(Math.Max(Math.Abs(ours), Math.Abs(exact)), small * largest);
        // NaN is as wrong as can be, and compares as less than anything.
        return ours == exact ? 0 : double.IsNaN(ours) ? double.PositiveInfinity : Math.Abs(ours - exact) / scale;
    }

    static double Difference(
        HeldModel cpu, Given input, int index, double step, string[] outputs, double[][] coefficients)
    {
        double at = cpu[input.Name, index];
        double wide = Central(step), narrow = Central(step / 2);
        cpu[input.Name, index] = at;
        return (4 * narrow - wide) / 3;

        double Central(double h)
        {
            cpu[input.Name, index] = at + h;
            var up = cpu.Run(outputs);
            cpu[input.Name, index] = at - h;
            var down = cpu.Run(outputs);
            double sum = 0;
            for (int o = 0; o < up.Length; o++)
            {
                for (int i = 0; i < coefficients[o].Length; i++)
                    sum += (up[o].Values[i] - down[o].Values[i]) * coefficients[o][i];
            }

            return sum / (2 * h);
        }
    }
}
