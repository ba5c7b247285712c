using System.Globalization;
using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Gradients;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Tests.Unit.Gradients;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAppliance.Tests.Replay;

/// <summary>
/// Real networks on a real photograph: gradients of the whole, and nothing of the network changed by them.
/// </summary>
public sealed class NetworkGradientTests
{
    const double Allowed = 1e-2, Share = 0.95;

    /// <summary>
    /// Pixels that matter less than this part of the most important one looked at are compared on its scale.
    /// </summary>
    const double Small = 1e-3;

    /// <summary>
    /// In grey levels. Neighbours under the first max pool of a photograph are nearly alike: one level more, and
    /// another
    /// one is the largest. In double a step of a thousandth is far above rounding and below nearly all such places.
    /// </summary>
    const double Step = 1.0 / 1024;

    static readonly Lock Gate = new();
    static readonly SortedDictionary<string, string> Done = new(StringComparer.Ordinal);

    public static TheoryData<string> Networks => [.. GradientNetwork.All.Keys];

    [SkippableTheory, MemberData(nameof(Networks))]
    public void The_input_gradient_is_what_differences_say(string name)
    {
        var network = GradientNetwork.All[name];
        var original = Load(network);
        var graph = Differentiated(network, original, out string input);
        double[] picture = network.Picture(network);
        double[] gradient;
        using (var cpu = new HeldModel(
            graph.Model, GraphOptimizationLevel.ORT_ENABLE_BASIC, Environment.ProcessorCount))
        {
            cpu.Set(input, picture, network.Dims);
            gradient = cpu.Run("gradient")[0].Values;
        }

        using var forward = new HeldModel(
            DoubleTwin.Of(Upgrade.To17(original)), GraphOptimizationLevel.ORT_ENABLE_BASIC, Environment.ProcessorCount,
            isExact: true);
        forward.Set(input, picture, network.Dims, ElementType.Double);
        string output = OutputOf(network, original);
        double Central(int pixel, double step)
        {
            double at = picture[pixel];
            forward[input, pixel] = at + step;
            double up = network.LossOf(forward.Run(output)[0]);
            forward[input, pixel] = at - step;
            double down = network.LossOf(forward.Run(output)[0]);
            forward[input, pixel] = at;
            return (up - down) / (2 * step);
        }

        var random = new Random(3);
        int[] pixels = [.. Enumerable.Range(0, network.Pixels).Select(_ => random.Next(picture.Length))];
        double[] differences = [.. pixels.Select(p => Central(p, Step * network.Grey))];
        double largest = differences.Max(Math.Abs);
        double[] errors = [.. pixels.Select((p, i) => RuleCheck.Relative(gradient[p], differences[i], largest,
            Small)).Order()];
        Note(name, errors);
        int good = errors.Count(e => e < Allowed);
        Assert.True(largest > 0, "the number does not depend on the picture");
        Assert.True(good >= Share * pixels.Length, $"{name}: {good} of {pixels.Length} pixels agree within "
            + $"{Allowed}; median {At(errors, 0.5):g2}, 95 % {At(errors, 0.95):g2}");
    }

    [SkippableTheory, MemberData(nameof(Networks))]
    public void Every_value_of_the_network_is_bit_for_bit_the_same(string name)
    {
        var network = GradientNetwork.All[name];
        var original = Load(network);
        var tapped = Taps.Add(original);
        var graph = Differentiated(network, original, out string input);
        string[] values = [.. tapped.Graph.Outputs.Select(o => o.Name)];
        var computed = graph.Model.Graph.Nodes.SelectMany(n => n.Outputs).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(values.Except(computed));
        double[] picture = network.Picture(network);
        using var before = new HeldModel(tapped);
        using var after = new HeldModel(Taps.Add(graph.Model, values));
        before.Set(input, picture, network.Dims);
        after.Set(input, picture, network.Dims);
        foreach (string[] some in values.Chunk(20))
        {
            foreach (var (value, was, isNow) in some.Zip(before.Run(some), after.Run(some)))
            {
                Assert.True(was.Dims.AsSpan().SequenceEqual(isNow.Dims), $"{name}: {value} has another shape");
                Assert.True(was.Values.AsSpan().SequenceEqual(isNow.Values), $"{name}: {value} changed");
            }
        }
    }

    /// <summary>As the file has it, in 32 bits.</summary>
    static OnnxModel Load(GradientNetwork network) => Precision.Widen(OnnxModel.Load(SharedData.Path(network.File)));

    static GraphBuilder Differentiated(GradientNetwork network, OnnxModel original, out string input)
    {
        var graph = new GraphBuilder(Upgrade.To17(original));
        input = graph.Model.Graph.Inputs.Single(i => graph.Model.Graph.Initializer(i.Name) is null).Name;
        var loss = network.Loss(graph[OutputOf(network, original)]);
        graph.Output("gradient", graph.Gradients(loss, [input])[input]);
        return graph;
    }

    static string OutputOf(GradientNetwork network, OnnxModel model) =>
        network.Output.Length > 0 ? network.Output : model.Graph.Outputs[0].Name;

    static double At(double[] sorted, double share) => sorted[Math.Min(sorted.Length - 1,
        (int)(share * sorted.Length))];

    static void Note(string name, double[] errors)
    {
        string Number(double number) => number.ToString("0.0e+00", CultureInfo.InvariantCulture);
        lock (Gate)
        {
            Done[name] = string.Join('\t', name, errors.Length,
                Number(At(errors, 0.5)), Number(At(errors, 0.95)), Number(errors[^1]));
            string folder = Path.Combine(SharedData.Root, "artifacts", "test");
            Directory.CreateDirectory(folder);
            File.WriteAllLines(Path.Combine(folder, "gradient-networks.txt"),
                [string.Join('\t', "network", "pixels", "median error", "95 %", "largest"), .. Done.Values]);
        }
    }
}
