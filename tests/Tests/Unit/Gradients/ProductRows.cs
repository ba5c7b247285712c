using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Tests.Unit.Gradients;

/// <summary>Cases of matrix products.</summary>
static class ProductRows
{
    public static readonly RuleRow[] All =
    [
        new("MatMul", MatMul) { IsDouble = true, Cases = 48 },
        new("Gemm", Gemm) { IsDouble = true, Cases = 48 },
        new("Einsum", Einsum) { IsDouble = true, Cases = 48 },
    ];

    static void MatMul(Draw d)
    {
        (long m, long k, long n, long p, long q) = (d.Int(1, 4), d.Int(1, 4), d.Int(1, 4), d.Int(1, 3), d.Int(1, 3));
        (long[] Left, long[] Right)[] forms =
        [
            ([k], [k]), ([k], [k, n]), ([m, k], [k]), ([m, k], [k, n]), ([k], [p, k, n]), ([p, m, k], [k]),
            ([p, m, k], [k, n]), ([m, k], [p, k, n]), ([p, m, k], [p, k, n]), ([1, m, k], [p, k, n]), ([p, m, k], [1,
                k, n]),
            ([q, p, m, k], [q, p, k, n]), ([q, p, m, k], [k, n]), ([q, p, m, k], [p, k, n]), ([q, 1, m, k], [1, p, k,
                n]),
            ([p, m, k], [q, p, k, n]), ([q, p, m, k], [k]), ([k], [q, p, k, n]),
        ];
        var (left, right) = forms[d.Number % forms.Length];
        d.Out("MatMul", [d.In(left), d.In(right)]);
    }

    static void Gemm(Draw d)
    {
        bool ta = d.Number % 2 == 1, tb = d.Number / 2 % 2 == 1;
        (long m, long k, long n) = (d.Int(1, 4), d.Int(1, 4), d.Int(1, 4));
        var c = (d.Number / 4 % 6) switch
        {
            0 => null,
            1 => d.In([]),
            2 => d.In([n]),
            3 => d.In([1, n]),
            4 => d.In([m, 1]),
            _ => d.In([m, n]),
        };
        d.Out("Gemm", [d.In(ta ? [k, m] : [m, k]), d.In(tb ? [n, k] : [k, n]), c],
        [
            .. ta ? [OnnxAttribute.Of("transA", 1)] : d.Maybe(OnnxAttribute.Of("transA", 0)),
            .. tb ? [OnnxAttribute.Of("transB", 1)] : d.Maybe(OnnxAttribute.Of("transB", 0)),
            .. d.Maybe(OnnxAttribute.Of("alpha", 0.5f)), .. d.Maybe(OnnxAttribute.Of("beta", -1.5f)),
        ]);
    }

    static void Einsum(Draw d)
    {
        string[] equations =
        [
            "ij,jk->ik", "bij,bjk->bik", "bhid, bhjd -> bhij", "i,i->", "ij->ji", "ij->i", "ij->", "i,j->ij",
                "bij,jk->bik",
            "ijk,jil->kl", "ab,bc,cd->ad", "bhwc,hkc->bhwk", "ij,ij->ij", "ijk->kj", "ij,kl->il", "bchw,bchj->bhwj",
        ];
        string equation = equations[d.Number % equations.Length];
        var sizes = equation.Where(char.IsLetter).Distinct().ToDictionary(c => c, _ => (long)d.Int(1, 4));
        string[] terms = equation.Split("->")[0].Replace(" ", "", StringComparison.Ordinal).Split(',');
        d.Out("Einsum", [.. terms.Select(term => d.In([.. term.Select(c => sizes[c])]))],
            OnnxAttribute.Of("equation", equation));
    }
}
