namespace EdgeAppliance.Tests.Unit.Gradients;

/// <summary>How random cases of an operator are made.</summary>
sealed record RuleRow(string Op, Action<Draw> Make)
{
    /// <summary>Operator sets the cases are written in, in turn: the operator's form differs between them.</summary>
    public long[] Opsets { get; init; } = [17];

    /// <summary>ONNX Runtime computes it in double on the CPU, so that differences are nearly exact.</summary>
    public bool IsDouble { get; init; }

    /// <summary>
    /// A power of two. The difference's own error is about step^4 / 480 times the fifth derivative, and rounding over
    /// step:
    /// in float32 both are far below 1e-3 at 1/32. What is linear has no fifth derivative and takes whole steps.
    /// </summary>
    public double Step { get; init; } = 1.0 / 32;

    public int Cases { get; init; } = 24;
}
