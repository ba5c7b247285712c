using System.Globalization;
using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Gradients;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Tests.Unit.Gradients;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAppliance.Tests.Replay;

/// <summary>Real networks on a real photograph: gradients of the whole, and nothing of the network changed by them.</summary>
public sealed class NetworkGradientTests
{
    const int Pixels = 200, PilotPixels = 10;
    const double Allowed = 1e-2, Share = 0.95;

    /// <summary>Pixels that matter less than this part of the most important one looked at are compared on its scale.</summary>
    const double Small = 1e-2;

    /// <summary>Steps that are tried, in grey levels.</summary>
    static readonly double[] Steps = [0.25, 0.5, 1, 2, 4, 8, 16];

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
        using (var cpu = new CpuModel(graph.Model, GraphOptimizationLevel.ORT_ENABLE_BASIC, Environment.ProcessorCount))
        {
            cpu.Set(input, picture, network.Dims);
            gradient = cpu.Run("gradient")[0].Values;
        }

        using var forward = new CpuModel(original, GraphOptimizationLevel.ORT_ENABLE_ALL, Environment.ProcessorCount);
        forward.Set(input, picture, network.Dims);
        string output = OutputOf(network, original);
        var random = new Random(3);
        int[] all = [.. Enumerable.Range(0, picture.Length)];
        random.Shuffle(all);
        double Central(int pixel, double step)
        {
            double at = picture[pixel];
            forward[input, pixel] = at + step;
            double up = network.LossOf(forward.Run(output)[0]), above = forward[input, pixel];
            forward[input, pixel] = at - step;
            double down = network.LossOf(forward.Run(output)[0]), below = forward[input, pixel];
            forward[input, pixel] = at;
            return (up - down) / (above - below);
        }

        double step = StepOf(all[..PilotPixels], step => step * network.Grey, Central) * network.Grey;
        int[] pixels = all[PilotPixels..(PilotPixels + Pixels)];
        double[] differences =
            [.. pixels.Select(p => (4 * Central(p, step / 2) - Central(p, step)) / 3)];
        double largest = differences.Max(Math.Abs);
        double[] errors = [.. pixels.Select((p, i) => RuleCheck.Relative(gradient[p], differences[i], largest, Small)).Order()];
        Note(name, step / network.Grey, errors);
        int good = errors.Count(e => e < Allowed);
        Assert.True(largest > 0, "the number does not depend on the picture");
        Assert.True(good >= Share * Pixels, $"{name}: {good} of {Pixels} pixels agree within {Allowed} (step "
            + $"{step / network.Grey} grey levels); median {errors[Pixels / 2]:g2}, 95 % {errors[Pixels * 95 / 100]:g2}");
    }

    /// <summary>
    /// The same rule for every network: of the steps tried, the one with which a central difference and that of half the
    /// step differ least, in the middle over a few other pixels. Rounding makes small steps differ, bends large ones.
    /// </summary>
    static double StepOf(int[] pixels, Func<double, double> scaled, Func<int, double, double> central)
    {
        double[][] found = [.. Steps.Select(step => pixels.Select(p => central(p, scaled(step))).ToArray())];
        double Differ(int k) => pixels.Select((_, i) => Math.Abs(found[k][i] - found[k - 1][i]))
            .Order().ElementAt(pixels.Length / 2);
        return Steps[Enumerable.Range(1, Steps.Length - 1).MinBy(Differ)];
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
        using var before = new CpuModel(tapped);
        using var after = new CpuModel(Taps.Add(graph.Model, values));
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

    static void Note(string name, double step, double[] errors)
    {
        string Number(double number) => number.ToString("0.0e+00", CultureInfo.InvariantCulture);
        lock (Gate)
        {
            Done[name] = string.Join('\t', name, Pixels, step.ToString(CultureInfo.InvariantCulture),
                Number(errors[Pixels / 2]), Number(errors[Pixels * 95 / 100]), Number(errors[^1]));
            string folder = Path.Combine(SharedData.Root, "artifacts", "test");
            Directory.CreateDirectory(folder);
            File.WriteAllLines(Path.Combine(folder, "gradient-networks.txt"),
                [string.Join('\t', "network", "pixels", "step", "median error", "95 %", "largest"), .. Done.Values]);
        }
    }
}
