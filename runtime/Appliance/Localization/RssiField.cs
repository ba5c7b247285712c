using System.Collections.Frozen;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>
/// What each scanner is expected to hear of a tag in each cell of a floor: a mean, a variance that averages out over
/// readings, and one that does not. Made once by a measurement model; all tags share it.
/// </summary>
sealed class RssiField
{
    /// <summary>Scanners of one floor: 64 of them over the largest grid are 6 MB.</summary>
    public const int ScannersMax = 64;

    readonly FrozenDictionary<string, int> _scanners;
    readonly float[][] _meanDbm;
    readonly float[][] _fast;
    readonly float[][] _slow;

    /// <param name="scanners">in the order in which they are numbered</param>
    /// <param name="meanDbm">by scanner and cell</param>
    /// <param name="fast">variance from packet to packet, dB^2, by scanner and cell</param>
    /// <param name="slow">variance that stays for metres, dB^2, by scanner and cell</param>
    /// <exception cref="ArgumentException">no scanner, or too many</exception>
    public RssiField(FloorGrid grid, IReadOnlyList<string> scanners, float[][] meanDbm, float[][] fast, float[][] slow)
    {
        if (scanners.Count is 0 or > ScannersMax)
            throw new ArgumentException($"{scanners.Count} scanners on one floor: 1 to {ScannersMax}");
        Grid = grid;
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < scanners.Count; i++) numbers.Add(scanners[i], i);
        _scanners = numbers.ToFrozenDictionary(StringComparer.Ordinal);
        (_meanDbm, _fast, _slow) = (meanDbm, fast, slow);
    }

    public FloorGrid Grid { get; }

    public int Scanners => _meanDbm.Length;

    public bool TryNumber(string scanner, out int number) => _scanners.TryGetValue(scanner, out number);

    public ReadOnlySpan<float> MeanDbm(int scanner) => _meanDbm[scanner];

    public ReadOnlySpan<float> Fast(int scanner) => _fast[scanner];

    public ReadOnlySpan<float> Slow(int scanner) => _slow[scanner];
}
