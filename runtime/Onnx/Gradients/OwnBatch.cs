using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Gradients;

/// <summary>
/// A tensor N x C x places brought to the mean and variance of its own channels: what goes forward and what comes back
/// share the centred tensor.
/// </summary>
sealed class OwnBatch
{
    readonly Value _x;
    readonly float _epsilon;
    readonly long[] _others;

    /// <summary>Goes on with a mean and a variance that are there.</summary>
    public OwnBatch(Value x, Value mean, Value variance, float epsilon)
    {
        _x = x;
        _epsilon = epsilon;
        _others = [.. Enumerable.Range(0, x.Rank).Where(i => i != 1).Select(i => (long)i)];
        Mean = mean;
        Variance = variance;
    }

    public Value Mean { get; }

    /// <summary>Of the batch: divided by the number of elements.</summary>
    public Value Variance { get; }

    public Value Inverse => 1 / (Variance + _epsilon).Sqrt();

    /// <summary>Elements of one channel.</summary>
    public Value Count
    {
        get
        {
            var sizes = _others.Select(i => _x.Shape[(int)i]).ToArray();
            if (sizes.All(d => d.Known is not null)) return _x.Alike(sizes.Aggregate(1L, (a, d) => a * d.Known!.Value));
            return _others.Select(i => _x.SizeAt((int)i)).Aggregate((a, b) => a * b).Reshape([]).Cast(_x.Type);
        }
    }

    Value Centred => Scaled(_x, null, -Mean);

    /// <summary>Works mean and variance out. No gradient flows through them: the norm's own rule minds both.</summary>
    public static OwnBatch Of(Value x, float epsilon)
    {
        var nothing = new OwnBatch(x, x, x, epsilon);
        var mean = x.Mean(nothing._others).Detach();
        var centred = new OwnBatch(x, mean, x, epsilon).Centred;
        return new OwnBatch(x, mean, nothing.Dot(centred, centred).Detach() / nothing.Count, epsilon);
    }

    /// <summary>Over everything but the channels.</summary>
    public Value Sum(Value g) => g.Sum(_others);

    /// <summary>Of a gradient with the centred tensor.</summary>
    public Value SumOfProduct(Value g) => Dot(g, Centred);

    Value Dot(Value a, Value b) => (a * b).Sum(_others);

    /// <summary>The gradient of the tensor: less its parts along the mean and along the centred tensor.</summary>
    public Value Back(Value g, Value scale, Value along, Value sum)
    {
        var by = scale * Inverse;
        var part = by / Count;
        return Scaled(g, by, -(part * sum)) - Scaled(Centred, part * along * Inverse.Square(), null);
    }

    /// <summary>
    /// Each channel times a number and plus another, as the operator that does this in one quick pass: Mul and Add with
    /// numbers for each channel take several times as long (measured).
    /// </summary>
    static Value Scaled(Value x, Value? by, Value? plus)
    {
        long channels = x.Shape[1].Known
            ?? throw new NotSupportedException($"'{x.Name}': the number of channels is open");
        var graph = x.Graph;
        var (zeros, ones) = (graph.Filled(0, channels), graph.Filled(1, channels));
        return graph.Op("BatchNormalization", [x, by ?? ones, plus ?? zeros, zeros, ones],
            OnnxAttribute.Of("epsilon", 0f));
    }
}
