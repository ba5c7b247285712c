using EdgeAppliance.Onnx;
using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Gradients;
using EdgeAppliance.Onnx.Model;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAppliance.Tests.Unit.Training;

/// <summary>Numbers that go into a graph, in double.</summary>
sealed record Numbers(double[] Values, long[] Dims)
{
    public double this[params int[] at]
    {
        get
        {
            long flat = 0;
            for (int i = 0; i < at.Length; i++) flat = flat * Dims[i] + at[i];
            return Values[flat];
        }
    }

    public int Rows => (int)Dims[0];

    public int Columns => (int)Dims[1];

    /// <summary>Evenly spread between two numbers.</summary>
    public static Numbers Random(Random random, double low, double high, params long[] dims) =>
        new([.. Enumerable.Range(0, (int)dims.Aggregate(1L, (a, b) => a * b))
            .Select(_ => (double)(float)(low + (high - low) * random.NextDouble()))], dims);
}

/// <summary>Runs a loss in ONNX Runtime and compares it, and its gradient, with a plain one in double.</summary>
static class LossCheck
{
    /// <summary>
    /// Compares the loss, and its gradient with respect to the first inputs with central differences.
    /// </summary>
    /// <param name="learned">so many inputs, from the first on, have a gradient</param>
    public static void Same(
        Func<Value[], Value> loss, Func<Numbers[], double> plain, Numbers[] inputs, int learned = 1,
        double tolerance = 1e-4)
    {
        var graph = new GraphBuilder();
        Value[] values = [.. inputs.Select((x, i) =>
            graph.Input($"x{i}", ElementType.Float, [.. x.Dims.Select(Dim.Of)]))];
        string[] names = [.. Enumerable.Range(0, learned).Select(i => $"x{i}")];
        var target = loss(values);
        graph.Output("loss", target);
        var gradients = graph.Gradients(target, names);
        foreach (string name in names) graph.Output("d" + name, gradients[name]);

        float[][] found = Run(graph.Model, inputs.Select((x, i) => ($"x{i}", x)));
        double expected = plain(inputs);
        Assert.True(Near(found[0][0], expected, Math.Abs(expected), tolerance), $"{found[0][0]} is not {expected}");
        for (int i = 0; i < learned; i++) SameGradient(plain, inputs, i, found[i + 1], tolerance);
    }

    static void SameGradient(
        Func<Numbers[], double> plain, Numbers[] inputs, int which, float[] found, double tolerance)
    {
        const double step = 1e-6;
        double[] x = inputs[which].Values, expected = new double[x.Length];
        for (int k = 0; k < x.Length; k++)
        {
            double kept = x[k];
            x[k] = kept + step;
            double above = plain(inputs);
            x[k] = kept - step;
            expected[k] = (above - plain(inputs)) / (2 * step);
            x[k] = kept;
        }

        double largest = expected.Max(Math.Abs);
        for (int k = 0; k < x.Length; k++)
        {
            Assert.True(Near(found[k], expected[k], largest, tolerance),
                $"gradient of x{which}[{k}]: {found[k]} is not {expected[k]} (largest {largest})");
        }
    }

    static bool Near(double found, double expected, double scale, double tolerance) =>
        Math.Abs(found - expected) <= tolerance * Math.Max(scale, 1e-3);

    public static float[][] Run(OnnxModel model, IEnumerable<(string Name, Numbers X)> inputs)
    {
        OnnxLibrary.Start();
        using var options = new SessionOptions { IntraOpNumThreads = 1 };
        TestProvider.Append(options);
        using var session = new InferenceSession(model.ToBytes(), options);
        var values = inputs.Where(i => session.InputNames.Contains(i.Name)).ToDictionary(i => i.Name,
            i => OrtValue.CreateTensorValueFromMemory([.. i.X.Values.Select(v => (float)v)], i.X.Dims));
        using var run = new RunOptions();
        using var results = session.Run(run, values, session.OutputNames);
        foreach (var value in values.Values) value.Dispose();
        return [.. results.Select(r => r.GetTensorDataAsSpan<float>().ToArray())];
    }
}
