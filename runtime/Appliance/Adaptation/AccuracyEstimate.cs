namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>F1 with what is known of its error.</summary>
/// <param name="Low">lower end of the 95 % interval</param>
/// <param name="Frames">frames it rests on</param>
readonly record struct EstimatedF1(double F1, double Low, double High, int Frames);

/// <summary>
/// F1 of what the setting in force sees, against frames looked at in full quality: the newest of them, each of which
/// also goes out as a sample that no knob has touched.
/// </summary>
/// <param name="window">frames that count</param>
sealed class AccuracyEstimate(int window = 200)
{
    /// <summary>Of a normal distribution, 95 %.</summary>
    const double Wide = 1.96;

    /// <summary>Fewer frames than these tell nothing of their own spread.</summary>
    const int FramesMin = 8;

    readonly Queue<Agreement> _frames = new();

    public void Add(Agreement frame)
    {
        _frames.Enqueue(frame);
        if (_frames.Count > window) _frames.Dequeue();
    }

    /// <summary>Null while too few frames are known.</summary>
    /// <remarks>The error is the jackknife's: F1 is no mean over frames, and frames differ in what they hold.</remarks>
    public EstimatedF1? Now
    {
        get
        {
            if (_frames.Count < FramesMin) return null;
            var all = _frames.Aggregate((a, b) => a + b);
            int count = _frames.Count;
            double[] without = [.. _frames.Select(f =>
                new Agreement(all.Hits - f.Hits, all.Seen - f.Seen, all.True - f.True).F1)];
            double mean = without.Average();
            double error = Math.Sqrt((count - 1.0) / count * without.Sum(f => (f - mean) * (f - mean)));
            return new EstimatedF1(
                all.F1, Math.Max(0, all.F1 - Wide * error), Math.Min(1, all.F1 + Wide * error), count);
        }
    }
}

/// <summary>
/// Which frames bypass the knobs: one of every so many, drawn anew within each stretch, so never at the beat of
/// anything else. Whoever asks gets the same answer, on any thread.
/// </summary>
/// <param name="part">of all frames, 0.01 to 0.02 as a rule</param>
/// <param name="seed">the same one draws the same frames</param>
sealed class ReferenceFrames(double part, int seed)
{
    readonly long _stretch = Math.Max(1, (long)Math.Round(1 / part));

    public bool IsReference(long frame) =>
        frame % _stretch == (long)(Mixed((ulong)(frame / _stretch) + ((ulong)seed << 32)) % (ulong)_stretch);

    /// <summary>SplitMix64 (Steele, Lea, Flood 2014).</summary>
    static ulong Mixed(ulong number)
    {
        ulong z = (number + 1) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
