using System.Text;

namespace EdgeAppliance.Drivers.Radio;

/// <summary>
/// One string a name, however often it is read: names of tags and anchors cost nothing once known. At most
/// <see cref="NamesMax"/> are kept; made-up ones beyond that push all out, and the real ones come back.
/// </summary>
sealed class NamePool
{
    public const int NamesMax = 1024;

    readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    readonly Dictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> _byLetters;

    public NamePool() => _byLetters = _names.GetAlternateLookup<ReadOnlySpan<char>>();

    public int Count => _names.Count;

    /// <param name="ascii">at most 64 letters; further ones are cut off</param>
    public string Of(ReadOnlySpan<byte> ascii)
    {
        Span<char> letters = stackalloc char[64];
        if (ascii.Length > letters.Length) ascii = ascii[..letters.Length];
        return Of(letters[..Encoding.Latin1.GetChars(ascii, letters)]);
    }

    /// <summary>An address as modules print it: <c>0xdc4c</c> becomes <c>DC4C</c>.</summary>
    public string OfAddress(ReadOnlySpan<byte> ascii)
    {
        if (ascii.Length > 2 && ascii[0] == '0' && ascii[1] is (byte)'x' or (byte)'X') ascii = ascii[2..];
        Span<char> letters = stackalloc char[16];
        if (ascii.Length > letters.Length) ascii = ascii[..letters.Length];
        for (int i = 0; i < ascii.Length; i++) letters[i] = char.ToUpperInvariant((char)ascii[i]);
        return Of(letters[..ascii.Length]);
    }

    /// <summary>A short address: 0x0C99 is <c>0C99</c>.</summary>
    public string OfAddress(ushort address)
    {
        Span<char> letters = stackalloc char[4];
        address.TryFormat(letters, out _, "X4", System.Globalization.CultureInfo.InvariantCulture);
        return Of(letters);
    }

    string Of(ReadOnlySpan<char> letters)
    {
        if (_byLetters.TryGetValue(letters, out string? known)) return known;
        if (_names.Count >= NamesMax) _names.Clear();
        string name = letters.ToString();
        _names.Add(name, name);
        return name;
    }
}
