using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Tests.Replay;

/// <summary>Real networks, brought to operator set 17.</summary>
public sealed class OnnxUpgradeReplayTests
{
    [SkippableTheory]
    [MemberData(nameof(RealModels.Names), MemberType = typeof(RealModels))]
    public void An_upgraded_network_gives_the_same_bits(string file)
    {
        var old = OnnxModel.Load(RealModels.PathOf(file));
        var upgraded = Upgrade.To17(old);
        Assert.Equal(17, upgraded.Opset);
        Assert.Equal([""], upgraded.Opsets.Keys);
        Same(OrtRun.Run(old, optimised: true), OrtRun.Run(upgraded, optimised: true));

        // Each value by itself: with no tap between, ONNX Runtime leaves out roundings to fp16, now these, now those.
        string[] kept = [.. Names(old).Intersect(Names(upgraded))];
        Assert.Equal(old.Graph.Nodes.Count, kept.Length);
        Same(OrtRun.Run(Tapped(old, kept)), OrtRun.Run(Tapped(upgraded, kept)));

        void Same(Dictionary<string, OnnxTensor> before, Dictionary<string, OnnxTensor> after)
        {
            Assert.Equal(before.Keys, after.Keys);
            foreach (var (name, tensor) in before)
            {
                Assert.Equal(tensor.Dims, after[name].Dims);
                Assert.True(tensor.Data.Span.SequenceEqual(after[name].Data.Span), $"{file} {name}");
            }
        }
    }

    static IEnumerable<string> Names(OnnxModel model) => model.Graph.Nodes.Select(n => n.Outputs[0]);

    static OnnxModel Tapped(OnnxModel model, string[] names)
    {
        var tapped = model.Copy();
        tapped.Graph.Outputs.Clear();
        foreach (string name in names) tapped.Graph.Outputs.Add(new TypedValue(name, ElementType.None, null));
        return tapped;
    }
}
