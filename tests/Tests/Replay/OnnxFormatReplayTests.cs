using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Tests.Replay;

/// <summary>Real networks read, written and looked through.</summary>
public sealed class OnnxFormatReplayTests
{
    [SkippableTheory]
    [MemberData(nameof(RealModels.Names), MemberType = typeof(RealModels))]
    public void A_network_comes_back_as_it_was_and_gives_the_same_bits(string file)
    {
        string path = RealModels.PathOf(file);
        var model = OnnxModel.Load(path);
        byte[] saved = model.ToBytes();
        var again = OnnxModel.Read(saved, file);
        Assert.Equal(ModelText.Of(model), ModelText.Of(again));
        Assert.Equal(saved, again.ToBytes());
        var before = OrtRun.Run(File.ReadAllBytes(path), optimised: true);
        var after = OrtRun.Run(saved, optimised: true);
        Assert.Equal(before.Keys, after.Keys);
        Assert.All(before, b => Assert.True(b.Value.Data.Span.SequenceEqual(after[b.Key].Data.Span), b.Key));
    }

    [SkippableTheory]
    [MemberData(nameof(RealModels.Names), MemberType = typeof(RealModels))]
    public void Every_value_has_the_type_and_sizes_worked_out_before(string file)
    {
        var model = OnnxModel.Load(RealModels.PathOf(file));
        // Nothing may lean on what the exporter stated.
        model.Graph.Values.Clear();
        model.Graph.Outputs.Clear();
        var facts = ShapeInference.Infer(model);
        foreach (string name in model.Graph.Nodes.SelectMany(n => n.Outputs.Take(1)))
            model.Graph.Outputs.Add(new TypedValue(name, ElementType.None, null));
        foreach (var (name, tensor) in OrtRun.Run(model))
            Assert.Equal($"{name} {tensor.Type} {string.Join('x', tensor.Dims)}",
                $"{name} {facts[name].Type} {string.Join('x', facts[name].Shape!)}");
    }

    [SkippableTheory]
    [MemberData(nameof(RealModels.Names), MemberType = typeof(RealModels))]
    public void Damaged_networks_end_in_one_exception_or_in_a_model(string file)
    {
        byte[] whole = File.ReadAllBytes(RealModels.PathOf(file));
        for (int seed = 0; seed < 60; seed++)
        {
            byte[] damaged = MutatedBytes.Of(whole, whole, new Random(seed));
            try { ShapeInference.Infer(OnnxModel.Read(damaged, file)); }
            catch (OnnxFormatException fault) { Assert.StartsWith(file, fault.Message, StringComparison.Ordinal); }
        }
    }
}
