using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Gradients;

/// <summary>Rows for matrix products.</summary>
static class ProductRules
{
    public static readonly Dictionary<string, GradientRules.Rule> All = new(StringComparer.Ordinal)
    {
        ["MatMul"] = OfMatMul,
        ["Gemm"] = OfGemm,
        ["Einsum"] = OfEinsum,
    };

    static Value?[] OfMatMul(GradientCase c)
    {
        var (a, b, g) = (c.X(0), c.X(1), c.G);
        // Vectors become matrices of one row or one column, and so does the gradient.
        if (a.Rank == 1) (a, g) = (a.Unsqueeze(0), b.Rank == 1 ? g.Reshape(1, 1) : g.Unsqueeze(g.Rank - 1));
        if (b.Rank == 1) (b, g) = (b.Unsqueeze(1), g.Rank == a.Rank ? g : g.Unsqueeze(g.Rank));
        return
        [
            c.If(0, () => g.MatMul(Swapped(b)).SumLike(a).ReshapeLike(c.X(0))),
            c.If(1, () => OfRight(a, b, g).ReshapeLike(c.X(1))),
        ];
    }

    static Value OfRight(Value a, Value b, Value g)
    {
        // One matrix for the whole batch: the batch's rows are simply more rows, and one product sums them.
        if (b.Rank == 2 && a.Rank > 2 && a.Shape[^1].Known is { } inner && g.Shape[^1].Known is { } outer)
            return Swapped(a.Reshape(-1, inner)).MatMul(g.Reshape(-1, outer));
        return Swapped(a).MatMul(g).SumLike(b);
    }

    /// <summary>The last two axes change places.</summary>
    static Value Swapped(Value x)
    {
        int rank = x.Rank;
        return x.Transpose([.. Enumerable.Range(0, rank - 2).Select(i => (long)i), rank - 1, rank - 2]);
    }

    static Value?[] OfGemm(GradientCase c)
    {
        bool ta = c.Node.Int("transA", 0) != 0, tb = c.Node.Int("transB", 0) != 0;
        float alpha = c.Node.Float("alpha", 1), beta = c.Node.Float("beta", 1);
        var (a, b, g) = (c.X(0), c.X(1), c.G);
        return
        [
            c.If(0, () => ta ? Product(b, g, tb, true, alpha) : Product(g, b, false, !tb, alpha)),
            c.If(1, () => tb ? Product(g, a, true, ta, alpha) : Product(a, g, !ta, false, alpha)),
            c.If(2, () => g * beta),
        ];
    }

    static Value Product(Value a, Value b, bool transposeA, bool transposeB, float alpha) =>
        a.Graph.Op("Gemm", [a, b], OnnxAttribute.Of("transA", transposeA ? 1L : 0L),
            OnnxAttribute.Of("transB", transposeB ? 1L : 0L), OnnxAttribute.Of("alpha", alpha));

    static Value?[] OfEinsum(GradientCase c)
    {
        string equation = c.Node.Text("equation", "").Replace(" ", "", StringComparison.Ordinal);
        string[] sides = equation.Split("->");
        if (sides.Length != 2 || equation.Contains('.', StringComparison.Ordinal))
            throw c.Fault($"its equation '{equation}' has no '->', or '...' in it");
        string[] terms = sides[0].Split(',');
        return [.. terms.Select((term, i) => c.If(i, () => OfTerm(c, terms, sides[1], i)))];
    }

    static Value OfTerm(GradientCase c, string[] terms, string result, int which)
    {
        string term = terms[which];
        if (term.Distinct().Count() != term.Length) throw c.Fault($"'{term}' names an axis twice");
        var others = terms.Index().Where(t => t.Index != which).ToArray();
        // An axis that stands only in this term was summed over: the gradient is the same all along it.
        string there = result + string.Concat(others.Select(t => t.Item));
        string kept = string.Concat(term.Where(there.Contains));
        var made = c.Graph.Op("Einsum", [c.G, .. others.Select(t => c.X(t.Index))], OnnxAttribute.Of("equation",
            $"{string.Join(',', others.Select(t => t.Item).Prepend(result))}->{kept}"));
        long[] alone = [.. term.Index().Where(t => !there.Contains(t.Item)).Select(t => (long)t.Index)];
        return made.Unsqueeze(alone).ExpandLike(c.X(which));
    }
}
