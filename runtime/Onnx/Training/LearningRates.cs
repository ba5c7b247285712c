namespace EdgeAppliance.Onnx.Training;

/// <summary>Learning rates of each step, counted from 0.</summary>
public static class LearningRates
{
    public static Func<long, double> Constant(double rate) => _ => rate;

    /// <summary>
    /// Rises to the peak in equal steps, and falls along half a cosine over all steps, to a part of the peak.
    /// </summary>
    /// <param name="warmUp">steps until the peak</param>
    /// <param name="steps">all of them</param>
    /// <param name="floor">the part of the peak that is left at the end</param>
    public static Func<long, double> Cosine(double peak, long warmUp, long steps, double floor = 0) => step =>
        peak * Math.Min(1, (step + 1.0) / Math.Max(1, warmUp))
            * (floor + (1 - floor) * (1 + Math.Cos(Math.PI * Math.Min(step, steps) / steps)) / 2);

    /// <summary>Multiplied by a factor each time so many steps are done.</summary>
    public static Func<long, double> Stairs(double rate, long every, double factor) =>
        step => rate * Math.Pow(factor, step / every);
}
