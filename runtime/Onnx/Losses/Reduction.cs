using EdgeAppliance.Onnx.Expressions;

namespace EdgeAppliance.Onnx.Losses;

/// <summary>What becomes of the losses of many elements.</summary>
public enum Reduction
{
    /// <summary>Their mean: one number.</summary>
    Mean,

    /// <summary>Their sum: one number.</summary>
    Sum,

    /// <summary>They stay: a loss for each element.</summary>
    Each,
}

static class Reducing
{
    public static Value By(this Value each, Reduction how) => how switch
    {
        Reduction.Mean => each.Mean(),
        Reduction.Sum => each.Sum(),
        _ => each,
    };
}
