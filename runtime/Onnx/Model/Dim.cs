using System.Globalization;

namespace EdgeAppliance.Onnx.Model;

/// <summary>
/// One size of a tensor: a number, or <c>factor x symbol + offset</c> where only a run tells. Two sizes that are
/// written alike are the same at every run; that is how a batch or a picture size is followed through a graph without
/// its number.
/// </summary>
public readonly record struct Dim
{
    readonly long _factor;
    readonly long _offset;
    readonly string? _symbol;

    Dim(long factor, string? symbol, long offset)
    {
        _factor = symbol is null ? 0 : factor;
        _symbol = factor == 0 ? null : symbol;
        _offset = offset;
    }

    /// <summary>The number, or null where only a run tells.</summary>
    public long? Known => _symbol is null ? _offset : null;

    public bool Is(long value) => _symbol is null && _offset == value;

    public static Dim Of(long value) => new(0, null, value);

    /// <summary>A size with a name, as <c>batch</c>.</summary>
    public static Dim Named(string symbol) => new(1, symbol, 0);

    public static implicit operator Dim(long value) => Of(value);

    public static Dim operator +(Dim a, Dim b)
    {
        if (a._symbol is null) return new Dim(b._factor, b._symbol, a._offset + b._offset);
        if (b._symbol is null || a._symbol == b._symbol)
            return new Dim(a._factor + b._factor, a._symbol, a._offset + b._offset);
        return Named(string.CompareOrdinal(a.Text, b.Text) <= 0 ? $"({a}+{b})" : $"({b}+{a})");
    }

    public static Dim operator -(Dim a, Dim b) => a + new Dim(-b._factor, b._symbol, -b._offset);

    public static Dim operator *(Dim a, Dim b)
    {
        if (a._symbol is null) return new Dim(b._factor * a._offset, b._symbol, b._offset * a._offset);
        if (b._symbol is null) return b * a;
        return Named(string.CompareOrdinal(a.Text, b.Text) <= 0 ? $"({a})*({b})" : $"({b})*({a})");
    }

    /// <summary>The quotient, rounded down.</summary>
    public static Dim FloorDiv(Dim a, Dim b)
    {
        if (b.Is(1)) return a;
        if (a == b) return 1;
        if (b.Known is { } by and > 0)
        {
            if (a.Known is { } known) return (long)Math.Floor((decimal)known / by);
            // floor((f s + o) / b) = f/b s + floor(o / b) where b divides f.
            if (a._factor % by == 0)
                return new Dim(a._factor / by, a._symbol, (long)Math.Floor((decimal)a._offset / by));
        }

        // (x)*(b) / b, as reshapes of a symbolic batch write it.
        string product = $")*({b})", other = $"({b})*(";
        if (a is { _factor: 1, _offset: 0, _symbol: { } text })
        {
            if (text.EndsWith(product, StringComparison.Ordinal)) return Named(text[1..^product.Length]);
            if (text.StartsWith(other, StringComparison.Ordinal)) return Named(text[other.Length..^1]);
        }

        return Named($"floor(({a})/({b}))");
    }

    /// <summary>The quotient, rounded up.</summary>
    public static Dim CeilDiv(Dim a, long by) => FloorDiv(a + (by - 1), by);

    /// <summary>The product of sizes: how many elements.</summary>
    public static Dim Product(IEnumerable<Dim> dims) => dims.Aggregate(Of(1), (a, b) => a * b);

    string Text => ToString();

    /// <summary>As people read it: <c>416</c>, <c>batch</c>, <c>2*h+1</c>.</summary>
    public override string ToString()
    {
        if (_symbol is null) return _offset.ToString(CultureInfo.InvariantCulture);
        string factor = _factor == 1 ? "" : _factor.ToString(CultureInfo.InvariantCulture) + "*";
        string offset = _offset == 0 ? "" : _offset.ToString("+0;-0", CultureInfo.InvariantCulture);
        return factor + _symbol + offset;
    }
}
