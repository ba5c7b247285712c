using System.Globalization;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Tests;

/// <summary>The number a size comes to, from how it is written.</summary>
static class DimValue
{
    public static long Of(Dim dim, IReadOnlyDictionary<string, long> sizes)
    {
        var text = new Text(dim.ToString(), sizes);
        decimal value = text.Sum();
        return text.IsAtEnd && value == decimal.Truncate(value) ? (long)value
            : throw new FormatException($"{dim} is no whole number");
    }

    /// <summary>Sums of products of numbers, names, brackets and floor(...), a division included.</summary>
    sealed class Text(string text, IReadOnlyDictionary<string, long> sizes)
    {
        int _at;

        public bool IsAtEnd => _at == text.Length;

        public decimal Sum()
        {
            decimal sum = Product();
            for (; ; )
            {
                if (Take("+")) sum += Product();
                else if (Take("-")) sum -= Product();
                else return sum;
            }
        }

        decimal Product()
        {
            decimal product = Factor();
            for (; ; )
            {
                if (Take("*")) product *= Factor();
                else if (Take("/")) product /= Factor();
                else return product;
            }
        }

        decimal Factor()
        {
            if (Take("-")) return -Factor();
            if (Take("floor(")) return decimal.Floor(InBrackets());
            if (Take("(")) return InBrackets();
            int from = _at;
            while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] == '.')) _at++;
            string word = text[from.._at];
            return sizes.TryGetValue(word, out long size) ? size : decimal.Parse(word, CultureInfo.InvariantCulture);
        }

        decimal InBrackets()
        {
            decimal value = Sum();
            return Take(")") ? value : throw new FormatException($"{text}: no bracket at {_at}");
        }

        bool Take(string what)
        {
            if (!text.AsSpan(_at).StartsWith(what, StringComparison.Ordinal)) return false;
            _at += what.Length;
            return true;
        }
    }
}
