using EdgeAppliance.Onnx.Expressions;

namespace EdgeAppliance.Onnx.Training;

/// <summary>
/// How weights move against their gradient. All of it works on one vector of all weights, so that a step has a handful
/// of operators for it, however many layers a model has.
/// </summary>
public abstract record Optimiser
{
    /// <summary>Names of the vectors it keeps from step to step, each as long as the weights and 0 at first.</summary>
    internal abstract IReadOnlyList<string> State { get; }

    /// <summary>Names of numbers it wants at every step, besides the rate.</summary>
    internal virtual IReadOnlyList<string> Scalars => [];

    /// <summary>
    /// Those numbers. Worked out in double outside the graph: 1 - 0.999 has lost half its digits in single.
    /// </summary>
    /// <param name="step">from 1</param>
    internal virtual IReadOnlyList<double> ScalarsAt(long step) => [];

    /// <summary>Weights and state after a step.</summary>
    internal abstract (Value Weights, Value[] State) Next(UpdateCase c);
}

/// <summary>What an optimiser sees of a step.</summary>
/// <param name="Rate">a scalar, or a number for each weight</param>
/// <param name="Decay">weight decay: a scalar, or a number for each weight; null: none</param>
/// <param name="State">in the order of <see cref="Optimiser.State"/></param>
sealed record UpdateCase(
    Value Weights, Value Gradient, Value Rate, Value? Decay, Value[] State, IReadOnlyDictionary<string, Value> Scalars);

/// <summary>Stochastic gradient descent, as PyTorch defines it: b = momentum b + (g + decay w); w -= rate b.</summary>
public sealed record Sgd : Optimiser
{
    public double Momentum { get; init; } = 0.9;

    /// <summary>Looks ahead: w -= rate (g + decay w + momentum b).</summary>
    public bool Nesterov { get; init; }

    internal override IReadOnlyList<string> State => Momentum == 0 ? [] : ["momentum"];

    internal override (Value Weights, Value[] State) Next(UpdateCase c)
    {
        var g = c.Decay is { } decay ? c.Gradient + c.Weights * decay : c.Gradient;
        if (Momentum == 0) return (c.Weights - g * c.Rate, []);
        var momentum = c.State[0] * (float)Momentum + g;
        var way = Nesterov ? g + momentum * (float)Momentum : momentum;
        return (c.Weights - way * c.Rate, [momentum]);
    }
}

/// <summary>Adam (Kingma and Ba 2015), as PyTorch defines it.</summary>
public sealed record Adam : Optimiser
{
    public double Beta1 { get; init; } = 0.9;

    public double Beta2 { get; init; } = 0.999;

    public double Epsilon { get; init; } = 1e-8;

    /// <summary>
    /// Decay shrinks the weights themselves, w (1 - rate decay), and not by way of the gradient (AdamW, Loshchilov and
    /// Hutter 2019).
    /// </summary>
    public bool IsDecoupled { get; init; } = true;

    internal override IReadOnlyList<string> State => ["adam_m", "adam_v"];

    internal override IReadOnlyList<string> Scalars => ["correction_m", "correction_v"];

    internal override IReadOnlyList<double> ScalarsAt(long step) =>
        [1 / (1 - Math.Pow(Beta1, step)), 1 / Math.Sqrt(1 - Math.Pow(Beta2, step))];

    internal override (Value Weights, Value[] State) Next(UpdateCase c)
    {
        var (w, g) = (c.Weights, c.Gradient);
        if (c.Decay is { } decay)
        {
            if (IsDecoupled) w *= 1 - c.Rate * decay;
            else g += w * decay;
        }

        var m = c.State[0] * (float)Beta1 + g * (float)(1 - Beta1);
        var v = c.State[1] * (float)Beta2 + g.Square() * (float)(1 - Beta2);
        var size = v.Sqrt() * c.Scalars["correction_v"] + (float)Epsilon;
        return (w - m / size * (c.Rate * c.Scalars["correction_m"]), [m, v]);
    }
}
