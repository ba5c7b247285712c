using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;
using static EdgeAppliance.Tests.MadeModel;

namespace EdgeAppliance.Tests.Unit;

/// <summary>Damaged models are refused by one exception, or read; nothing crashes, nothing hangs.</summary>
public sealed class OnnxFuzzTests
{
    const int Files = 10_000;

    [Fact]
    public void Ten_thousand_damaged_models_end_in_one_exception_or_in_a_model()
    {
        byte[][] whole = [.. Models().Select(m => m.ToBytes())];
        int refused = 0;
        for (int seed = 0; seed < Files; seed++)
        {
            var random = new Random(seed);
            byte[] damaged = MutatedBytes.Of(
                whole[random.Next(whole.Length)], whole[random.Next(whole.Length)], random);
            try
            {
                if (!Survives(damaged)) refused++;
            }
            catch (Exception fault)
            {
                throw new InvalidOperationException($"seed {seed}", fault);
            }
        }

        // Both ends must have been met, or the damage is of the wrong size.
        Assert.InRange(refused, Files / 10, Files * 95 / 100);
    }

    /// <summary>False when the file was refused; a model that was read can be looked through and saved.</summary>
    static bool Survives(byte[] damaged)
    {
        OnnxModel model;
        try
        {
            model = OnnxModel.Read(damaged, "damaged");
        }
        catch (OnnxFormatException)
        {
            return false;
        }

        ShapeInference.Infer(model);
        byte[] saved = model.ToBytes();
        Assert.Equal(saved, OnnxModel.Read(saved, "saved").ToBytes());
        return true;
    }

    static IEnumerable<OnnxModel> Models()
    {
        yield return SmallNets.Convolutions();
        yield return SmallNets.Sizes();
        yield return SmallNets.Movements();
        // The head of the shipped one: real names, real shapes, few numbers.
        var twin = OnnxModel.Load(RealModels.PathOf("twin/model.onnx"));
        var first = twin.Graph.Nodes.Take(3).Last();
        yield return Subgraph.Extract(twin, [.. twin.Graph.Inputs.Select(i => i.Name)], [first.Outputs[0]]);
        yield return Of(11, "x: n 5", "y", [Node("If", "q", "y",
            OnnxAttribute.Of("then_branch", Of(11, "", "t", [Node("Relu", "x", "t")]).Graph),
            OnnxAttribute.Of("else_branch", Of(11, "", "e", [Node("Neg", "x", "e")]).Graph))],
            OnnxTensor.Of("q", [false]));
    }
}
