using EdgeAppliance.Onnx.Expressions;

namespace EdgeAppliance.Onnx.Gradients;

/// <summary>Rows for operators that make one element of many.</summary>
static class ReductionRules
{
    public static readonly Dictionary<string, GradientRules.Rule> All = new(StringComparer.Ordinal)
    {
        ["ReduceSum"] = c => [Back(c, c.G).ExpandLike(c.X())],
        ["ReduceMean"] = c => [(Back(c, c.G) / Count(c)).ExpandLike(c.X())],
        ["ReduceSumSquare"] = c => [Back(c, c.G) * c.X() * 2],
        ["ReduceL1"] = c => [Back(c, c.G) * c.X().Sign()],
        ["ReduceL2"] = c => [Back(c, c.G / c.Y()) * c.X()],
        ["ReduceLogSumExp"] = c => [Back(c, c.G) * (c.X() - Back(c, c.Y())).Exp()],
        ["ReduceMax"] = OfExtreme,
        ["ReduceMin"] = OfExtreme,
        ["CumSum"] = c => [OfCumulative(c), null],
    };

    /// <summary>The axes that were taken out, counted from the front.</summary>
    static long[] Axes(GradientCase c)
    {
        int rank = c.X().Rank;
        var given = c.Longs(1, "axes");
        if (given is null && c.Optional(1) is not null) throw c.Fault("its axes are not constant");
        if (given is { Count: > 0 }) return [.. given.Select(a => a < 0 ? a + rank : a).Order()];
        return c.Node.Int("noop_with_empty_axes", 0) != 0 ? [] : [.. Enumerable.Range(0, rank).Select(i => (long)i)];
    }

    /// <summary>Something of the output's shape with the axes that were taken out put back as ones.</summary>
    static Value Back(GradientCase c, Value small) => small.Rank == c.X().Rank ? small : small.Unsqueeze(Axes(c));

    /// <summary>How many elements went into one.</summary>
    static Value Count(GradientCase c)
    {
        long[] axes = Axes(c);
        var sizes = axes.Select(a => c.X().Shape[(int)a]).ToArray();
        if (sizes.All(d => d.Known is not null)) return c.G.Alike(sizes.Aggregate(1L, (a, d) => a * d.Known!.Value));
        return axes.Select(a => c.X().SizeAt((int)a)).Aggregate((a, b) => a * b).Reshape([]).Cast(c.G.Type);
    }

    /// <summary>To who is largest (or smallest); those who tie share.</summary>
    static Value?[] OfExtreme(GradientCase c)
    {
        var isIt = c.X().SameAs(Back(c, c.Y())).As(c.G);
        return [isIt * (Back(c, c.G) / isIt.Sum(Axes(c), keep: true))];
    }

    static Value OfCumulative(GradientCase c)
    {
        // The sum runs the other way.
        long reverse = 1 - c.Node.Int("reverse", 0), exclusive = c.Node.Int("exclusive", 0);
        return c.Graph.Op("CumSum", [c.G, c.X(1)],
            Model.OnnxAttribute.Of("reverse", reverse), Model.OnnxAttribute.Of("exclusive", exclusive));
    }
}
