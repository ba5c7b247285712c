using System.Security.Cryptography;
using System.Text;
using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Gradients;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Shapes;

namespace EdgeAppliance.Onnx.Sessions;

/// <summary>What a gradient model is to give.</summary>
public sealed record GradientWishes
{
    /// <summary>Inputs and initializers whose gradients are wanted; empty: every input of a float type.</summary>
    public IReadOnlyList<string> RespectTo { get; init; } = [];

    /// <summary>Values of the forward model that are handed out too.</summary>
    public IReadOnlyList<string> Outputs { get; init; } = [];

    /// <summary>The utility looks at values between inputs and outputs, so none may be folded away.</summary>
    public bool UsesInside { get; init; }

    /// <summary>
    /// Where models already made are kept, with a name for the utility that tells it from all others; null: nowhere.
    /// </summary>
    public (string Folder, string Utility)? Kept { get; init; }
}

/// <summary>From a model and a utility to the model of the utility and its gradients.</summary>
public static class GradientGraph
{
    /// <summary>The output that holds the utility.</summary>
    public const string UtilityName = "utility";

    /// <summary>The output that holds the gradient with respect to a value.</summary>
    public static string GradientOf(string name) => "gradient/" + name;

    /// <summary>
    /// A model with the forward model's inputs, whose outputs are the utility, its gradients, then the outputs
    /// asked for.
    /// </summary>
    /// <param name="utility">builds one number, or a value whose sum is meant, from the model's values</param>
    /// <exception cref="NotSupportedException">an operator on the way has no rule: the message names it</exception>
    /// <exception cref="ArgumentException">a name the model does not have</exception>
    public static OnnxModel Of(OnnxModel model, Func<GraphBuilder, Value> utility, GradientWishes? wishes = null)
    {
        wishes ??= new GradientWishes();
        if (wishes.Kept is not var (folder, name)) return Make(model, utility, wishes);
        string file = Path.Combine(folder, Key(model, name, wishes) + ".onnx");
        if (Kept(file) is { } kept) return kept;
        var made = Make(model, utility, wishes);
        Directory.CreateDirectory(folder);
        made.Save(file);
        foreach (var old in new DirectoryInfo(folder).GetFiles("*.onnx").OrderByDescending(f =>
            f.LastWriteTimeUtc).Skip(KeptMax))
            old.Delete();
        return made;
    }

    /// <summary>Models kept in a folder; the ones made first go.</summary>
    const int KeptMax = 16;

    static OnnxModel Make(OnnxModel model, Func<GraphBuilder, Value> utility, GradientWishes wishes)
    {
        var forward = Forward(model, wishes, out string[] respectTo);
        var graph = new GraphBuilder(forward) { Prefix = "g/" };
        var target = utility(graph);
        if (target.Facts.Shape is not []) target = target.Sum();
        var gradients = graph.Gradients(target, respectTo);
        var outputs = forward.Graph.Outputs;
        outputs.Clear();
        graph.Output(UtilityName, target);
        foreach (string name in respectTo) graph.Output(GradientOf(name), gradients[name]);
        foreach (string name in wishes.Outputs) graph.Output(name, graph[name]);
        return Unused.Remove(forward);
    }

    /// <summary>
    /// The forward model as rules want it: one operator set, 32 bits, nothing that is constant left to compute.
    /// </summary>
    static OnnxModel Forward(OnnxModel model, GradientWishes wishes, out string[] respectTo)
    {
        var forward = Upgrade.To17(Precision.Widen(model));
        respectTo = wishes.RespectTo.Count > 0 ? [.. wishes.RespectTo]
            : [.. forward.Graph.Inputs.Where(i => i.Type.IsReal()).Select(i => i.Name)];
        // Folding changes weights and takes values in between away.
        var stay = forward.Graph.Inputs.Concat(forward.Graph.Outputs).Select(v =>
            v.Name).ToHashSet(StringComparer.Ordinal);
        return respectTo.Concat(wishes.Outputs).All(stay.Contains) && !wishes.UsesInside
            ? BatchNorms.Fold(Constants.Fold(forward)) : forward;
    }

    /// <summary>
    /// SHA-256 over all that decides the outcome: model, utility, wishes, and this library's own build.
    /// </summary>
    static string Key(OnnxModel model, string utility, GradientWishes wishes) =>
        Convert.ToHexStringLower(SHA256.HashData(
        Encoding.UTF8.GetBytes(string.Join('\n', [
            model.Checksum(), utility, $"{wishes.UsesInside}", string.Join(',', wishes.RespectTo),
            string.Join(',', wishes.Outputs),
            $"{typeof(GradientGraph).Module.ModuleVersionId}",
        ]))));

    /// <summary>Null when it is not there, or cannot be read: then it is made anew.</summary>
    static OnnxModel? Kept(string file)
    {
        try { return File.Exists(file) ? OnnxModel.Load(file) : null; }
        catch (IOException) { return null; }
    }

    /// <summary>
    /// Operators of a model through which no gradient can be taken, with the nodes, in the model's order.
    /// </summary>
    public static IReadOnlyList<string> WithoutRule(OnnxModel model)
    {
        var graph = Upgrade.To17(model).Graph;
        var facts = ShapeInference.Infer(model);
        var moving = graph.Inputs.Where(i => i.Type.IsReal()).Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var node in graph.Nodes.Where(n => n.Inputs.Any(moving.Contains)))
            moving.UnionWith(node.Outputs.Where(o => o.Length > 0 && CanFlow(o)));
        var reached = graph.Outputs.Select(o => o.Name).Where(moving.Contains).ToHashSet(StringComparer.Ordinal);
        List<string> missing = [];
        foreach (var node in graph.Nodes.Reverse()
            .Where(n => n.Outputs.Any(reached.Contains) && n.Inputs.Any(moving.Contains)))
        {
            if (node.Domain.Length > 0 || GradientRules.Find(node.Op) is null) missing.Add(node.Label);
            reached.UnionWith(node.Inputs.Where(moving.Contains));
        }

        missing.Reverse();
        return missing;

        // Where nothing is known it may: an operator that shape inference does not know is one without a rule too.
        bool CanFlow(string name) => facts.GetValueOrDefault(name)?.Type is null or ElementType.None
            or ElementType.Float or ElementType.Double or ElementType.Float16 or ElementType.BFloat16
            or ElementType.UInt8 or ElementType.Int8 or ElementType.Int32;
    }
}
