namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>What scanning met with, over all sessions of one scanner: it outlives them. Read by any thread.</summary>
public sealed class ScanCounts
{
    volatile BeaconParser? _parser;
    long _heard;
    long _tooLong;
    long _forgotten;
    long _resumed;
    long _nudged;

    /// <summary>Advertisements given on.</summary>
    public long Heard => Interlocked.Read(ref _heard);

    /// <summary>Advertisements with more data than fit: given on without what is too much, or not at all.</summary>
    public long TooLong => Interlocked.Read(ref _tooLong);

    /// <summary>Devices forgotten because more were about than are kept.</summary>
    public long Forgotten => Interlocked.Read(ref _forgotten);

    /// <summary>Discovery that somebody or something else had stopped, started again.</summary>
    public long Resumed => Interlocked.Read(ref _resumed);

    /// <summary>Discovery that heard nothing for long, stopped and started.</summary>
    public long Nudged => Interlocked.Read(ref _nudged);

    /// <summary>What became of the advertisements; all 0 before the radio is opened.</summary>
    public BeaconCounts Beacons => _parser?.Counts ?? default;

    /// <summary>The last telemetry of a tag's beacon; null when it sent none.</summary>
    public BeaconTelemetry? TelemetryOf(string tag) => _parser?.TelemetryOf(tag);

    internal void Follow(BeaconParser parser) => _parser = parser;

    internal void CountHeard() => Interlocked.Increment(ref _heard);

    internal void CountTooLong() => Interlocked.Increment(ref _tooLong);

    internal void CountForgotten() => Interlocked.Increment(ref _forgotten);

    internal void CountResumed() => Interlocked.Increment(ref _resumed);

    internal void CountNudged() => Interlocked.Increment(ref _nudged);
}
