namespace EdgeAppliance.Onnx.Training;

/// <summary>What came of a batch.</summary>
/// <param name="Loss">of this batch</param>
/// <param name="Told">what the loss had told besides, by name</param>
/// <param name="GradientNorm">before it was shortened; null where the batch was only accumulated</param>
/// <param name="IsApplied">whether the weights moved</param>
/// <param name="Fault">why they did not, though it was their turn; null where nothing is wrong</param>
public sealed record StepResult(
    float Loss, IReadOnlyDictionary<string, float> Told, float? GradientNorm, bool IsApplied, string? Fault);
