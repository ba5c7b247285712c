namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>
/// The two things a setting spends, in whatever unit is at hand: parts of the dearest setting's, logarithms, prices.
/// </summary>
/// <param name="Uplink">bits that are sent</param>
/// <param name="Compute">time of the accelerator</param>
readonly record struct Resources(double Uplink, double Compute)
{
    public bool IsFinite => double.IsFinite(Uplink) && double.IsFinite(Compute);

    /// <summary>Nothing is so dear that it may not be spent.</summary>
    public static Resources Unlimited { get; } = new(double.PositiveInfinity, double.PositiveInfinity);

    public static Resources operator +(Resources a, Resources b) => new(a.Uplink + b.Uplink, a.Compute + b.Compute);

    public static Resources operator -(Resources a, Resources b) => new(a.Uplink - b.Uplink, a.Compute - b.Compute);

    public static Resources operator *(double by, Resources a) => new(by * a.Uplink, by * a.Compute);

    public Resources Exp() => new(Math.Exp(Uplink), Math.Exp(Compute));

    /// <summary>What it costs at these prices.</summary>
    public double At(Resources price) => price.Uplink * Uplink + price.Compute * Compute;

    /// <summary>In both no more than so much.</summary>
    public bool Within(Resources limit) => Uplink <= limit.Uplink && Compute <= limit.Compute;

    public static Resources Add(Resources left, Resources right) => left + right;

    public static Resources Subtract(Resources left, Resources right) => left - right;

    public static Resources Multiply(double by, Resources right) => by * right;
}
