namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>
/// Detections told apart by how far their scores lie above or below the threshold, in steps of 0.05: from 0.2 below
/// (weak ones, which another setting may lift over it) to 0.7 above.
/// </summary>
static class ScoreBins
{
    public const int Weak = 4, Count = 18;

    const double Width = 0.05;

    /// <summary>-1: so weak that it is nothing.</summary>
    public static int Of(float score, float threshold)
    {
        // Half a millionth: a score that is the threshold's own number counts as above it, whatever its last digit.
        int bin = Weak + (int)Math.Floor((score - threshold + 5e-7) / Width);
        return bin < 0 ? -1 : Math.Min(bin, Count - 1);
    }

    /// <summary>Score less threshold in the middle of a bin.</summary>
    public static double MarginOf(int bin) => (bin - Weak + 0.5) * Width;

    public static bool IsStrong(int bin) => bin >= Weak;
}
