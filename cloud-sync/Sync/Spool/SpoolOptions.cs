namespace EdgeAppliance.CloudSync.Spool;

/// <summary>How much the spool keeps.</summary>
public sealed record SpoolOptions
{
    const long Mebibyte = 1 << 20;

    /// <summary>Pending samples, JSON and image together, bytes. Beyond it the old half is thinned.</summary>
    public long BytesMax { get; init; } = 2048 * Mebibyte;

    /// <summary>Pending samples. Beyond it the old half is thinned.</summary>
    public int SamplesMax { get; init; } = 50_000;

    /// <summary>One sample, bytes: what the wire takes at most is 17 MiB.</summary>
    public int SampleBytesMax { get; init; } = 8 << 20;

    /// <summary>The disk's space that is left alone, bytes: below it the spool grows no more, it thins
    /// instead.</summary>
    public long DiskReserveBytes { get; init; } = 256 * Mebibyte;

    /// <summary>A file of that size lies beside the spool and is dropped when others have filled the disk, bytes: the
    /// log needs that much to thin. 0 is none.</summary>
    public long BallastBytes { get; init; } = 16 * Mebibyte;

    /// <summary>Refused samples kept for a person to look at; the oldest go first.</summary>
    public int RefusedKept { get; init; } = 100;

    public IEnumerable<string> Faults()
    {
        if (SampleBytesMax is < 1024 or > Contract.SampleFrame.ImageBytesMax)
            yield return $"spool.sampleBytesMax is {SampleBytesMax}: 1024 to {Contract.SampleFrame.ImageBytesMax}";
        if (BytesMax < 4L * SampleBytesMax)
            yield return $"spool.bytesMax is {BytesMax}: at least 4 times sampleBytesMax ({4L * SampleBytesMax})";
        if (SamplesMax < 4) yield return $"spool.samplesMax is {SamplesMax}: at least 4";
        if (DiskReserveBytes < 0) yield return $"spool.diskReserveBytes is {DiskReserveBytes}: at least 0";
        if (BallastBytes < 0) yield return $"spool.ballastBytes is {BallastBytes}: at least 0";
        if (RefusedKept < 0) yield return $"spool.refusedKept is {RefusedKept}: at least 0";
    }
}
