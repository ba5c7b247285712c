using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Tests.Replay;

/// <summary>Real networks changed.</summary>
public sealed class OnnxEditingReplayTests
{
    [SkippableTheory]
    [MemberData(nameof(RealModels.Names), MemberType = typeof(RealModels))]
    public void A_network_with_its_constants_folded_gives_the_same_bits(string file)
    {
        var model = Upgrade.To17(OnnxModel.Load(RealModels.PathOf(file)));
        var folded = Constants.Fold(model);
        Assert.True(folded.Graph.Nodes.Count <= model.Graph.Nodes.Count);
        // Nothing that is left has only constants before it.
        var constants = folded.Graph.Initializers.Select(t => t.Name).ToHashSet();
        Assert.DoesNotContain(folded.Graph.Nodes, n => n.Inputs.All(constants.Contains));
        Same(OrtRun.Run(model), OrtRun.Run(folded), file);
    }

    [SkippableTheory]
    [MemberData(nameof(RealModels.Names), MemberType = typeof(RealModels))]
    public void A_network_cut_in_two_gives_the_same_bits(string file)
    {
        // In 16 bits a cut is one rounding more: ONNX Runtime computes in 32 between the ends.
        var model = Precision.Widen(OnnxModel.Load(RealModels.PathOf(file)));
        string[] inputs = [.. model.Graph.Inputs.Select(i => i.Name)
            .Except(model.Graph.Initializers.Select(t => t.Name))];
        // A third of the way through; what crosses the cut is handed over.
        var before = model.Graph.Nodes.Take(model.Graph.Nodes.Count / 3).ToList();
        var made = before.SelectMany(n => n.Outputs).ToHashSet();
        string[] crossing = [.. model.Graph.Nodes.Skip(before.Count).SelectMany(n => n.Inputs)
            .Where(i => made.Contains(i) || inputs.Contains(i)).Distinct()];
        var whole = OrtRun.Run(Taps.Add(model, crossing.Except(inputs)));
        Skip.If(crossing.Intersect(inputs).Any(), "the input itself crosses the cut");
        var first = Subgraph.Extract(model, inputs, crossing);
        Same(Only(whole, crossing), OrtRun.Run(first), file);
        string[] outputs = [.. model.Graph.Outputs.Select(o => o.Name)];
        var second = Subgraph.Extract(model, crossing, outputs);
        Assert.Equal(model.Graph.Nodes.Count, first.Graph.Nodes.Count + second.Graph.Nodes.Count);
        Same(Only(whole, outputs), OrtRun.Run(second, [.. crossing.Select(c => whole[c])]), file);
    }

    [SkippableFact]
    public void The_16_bit_network_widened_gives_nearly_the_same()
    {
        var model = OnnxModel.Load(RealModels.PathOf("imagenet100/SqueezeNet_fp16.onnx"));
        var wide = Precision.Widen(Upgrade.To17(model));
        Assert.DoesNotContain(wide.Graph.Initializers, t => t.Type == ElementType.Float16);
        float[] half = OrtRun.Run(model).Values.Single().Floats(), full = OrtRun.Run(wide).Values.Single().Floats();
        Assert.Equal(Array.IndexOf(half, half.Max()), Array.IndexOf(full, full.Max()));
        Assert.All(half.Zip(full), p => Assert.InRange(Math.Abs(p.First - p.Second), 0, 0.01 * half.Max()));
    }

    static Dictionary<string, OnnxTensor> Only(Dictionary<string, OnnxTensor> all, string[] names) =>
        names.ToDictionary(n => n, n => all[n]);

    static void Same(Dictionary<string, OnnxTensor> before, Dictionary<string, OnnxTensor> after, string file)
    {
        Assert.Equal(before.Keys.Order(), after.Keys.Order());
        Assert.All(before, b =>
            Assert.True(b.Value.Data.Span.SequenceEqual(after[b.Key].Data.Span), $"{file} {b.Key}"));
    }
}
