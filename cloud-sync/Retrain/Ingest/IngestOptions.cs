namespace EdgeAppliance.Retrain.Ingest;

/// <summary>How samples are taken in.</summary>
sealed record IngestOptions
{
    /// <summary>Messages between the network and the writer, at most.</summary>
    public int QueueMax { get; init; } = 64;

    /// <summary>Their bytes, at most.</summary>
    public long QueueBytesMax { get; init; } = 128 << 20;

    /// <summary>Samples flushed to the disk together, at most.</summary>
    public int BatchMax { get; init; } = 32;

    /// <summary>The disk's space that is left alone, bytes: below it no sample is taken and no receipt sent.</summary>
    public long DiskReserveBytes { get; init; } = 256 << 20;

    /// <summary>The pause after a full disk before the next try.</summary>
    public TimeSpan FullPause { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The COCO file is made anew at most so often, and only when the data set grew by a tenth.</summary>
    public TimeSpan CocoEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whatever grew, it is made anew after that time.</summary>
    public TimeSpan CocoAtLast { get; init; } = TimeSpan.FromMinutes(10);

    public IEnumerable<string> Faults()
    {
        if (QueueMax < 1) yield return $"queueMax is {QueueMax}: at least 1";
        if (QueueBytesMax < CloudSync.Contract.SampleFrame.BytesMax)
            yield return $"queueBytesMax is {QueueBytesMax}: at least {CloudSync.Contract.SampleFrame.BytesMax}";
        if (BatchMax < 1) yield return $"batchMax is {BatchMax}: at least 1";
        if (DiskReserveBytes < 0) yield return $"--reserve-mb is {DiskReserveBytes >> 20}: at least 0";
        if (CocoEvery <= TimeSpan.Zero) yield return $"--coco-every is {CocoEvery.TotalSeconds}: above 0 seconds";
        if (CocoAtLast < CocoEvery) yield return $"cocoAtLast is {CocoAtLast}: at least {CocoEvery}";
    }
}
