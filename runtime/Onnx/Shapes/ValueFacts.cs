using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Shapes;

/// <summary>What is known of a value before anything runs.</summary>
/// <param name="Type"><see cref="ElementType.None"/>: not known</param>
/// <param name="Shape">null: not even how many sizes it has</param>
/// <param name="Contents">its integers, where a graph computes with sizes; null: not known</param>
/// <param name="Constant">its numbers, where they are part of the model; null: they are not</param>
public sealed record ValueFacts(
    ElementType Type, IReadOnlyList<Dim>? Shape, IReadOnlyList<Dim>? Contents = null, OnnxTensor? Constant = null)
{
    public static ValueFacts Unknown { get; } = new(ElementType.None, null);

    /// <summary>How many sizes; null when that is not known.</summary>
    public int? Rank => Shape?.Count;

    /// <summary>
    /// Contents are followed up to this many integers: shapes, axes, pads and slices are far below it.
    /// </summary>
    const int ContentsMax = 64;

    public static ValueFacts Of(OnnxTensor tensor) => new(tensor.Type, [.. tensor.Dims.Select(Dim.Of)],
        tensor.Type is ElementType.Int64 or ElementType.Int32 && tensor.Count <= ContentsMax
            ? [.. tensor.Longs().Select(Dim.Of)] : null, tensor);

    /// <summary>A vector of integers that are sizes.</summary>
    public static ValueFacts OfContents(IReadOnlyList<Dim> contents, bool isScalar = false) =>
        new(ElementType.Int64, isScalar ? [] : [contents.Count], contents.Count <= ContentsMax ? contents : null);

    /// <summary>The integers, when every one is a plain number; of a constant however many there are.</summary>
    public IReadOnlyList<long>? Longs =>
        Contents is { } c ? c.All(d => d.Known is not null) ? [.. c.Select(d => d.Known!.Value)] : null
        : Constant?.Type is ElementType.Int64 or ElementType.Int32 ? Constant.Longs() : null;

    /// <summary>As people read it: <c>Float 1x3x416x416</c>.</summary>
    public override string ToString()
    {
        string sizes = Shape is null ? "?" : Shape.Count == 0 ? "scalar" : string.Join('x', Shape);
        return $"{(Type == ElementType.None ? "?" : Type)} {sizes}";
    }
}
