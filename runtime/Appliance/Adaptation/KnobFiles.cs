using System.Collections.Immutable;
using System.Numerics;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>
/// What the knobs leave on the disk: <c>knobs.csv</c>, a row a second, and <c>knobs.json</c>, where they stand. A full
/// disk stops no camera: what is not written is told.
/// </summary>
sealed partial class KnobFiles(ApplianceSettings settings, ImmutableArray<Ladder> ladders, ILogger log) : IDisposable
{
    /// <summary>Where the knobs stand is written so often at most: a memory card wears.</summary>
    static readonly TimeSpan SaveEvery = TimeSpan.FromSeconds(10);

    readonly string _memory = Path.Combine(settings.Spool.Folder, "knobs.json");

    // Half of the limit each: two files in turn.
    readonly KnobTraceRing _trace = new(
        Path.Combine(settings.Spool.Folder, "knobs.csv"), ladders, (long)(settings.Adaptation.TraceMiBMax * (1 << 19)));
    KnobState? _unsaved;
    MonoTime _savedAt = MonoTime.Now;
    long _untold;

    /// <summary>Where the knobs stood; a file that cannot be used is told.</summary>
    public KnobState Load(KnobState otherwise)
    {
        var state = KnobMemory.Load(_memory, otherwise, ladders, out string? fault);
        if (fault is not null) LogForgotten(_memory, fault);
        return state;
    }

    /// <param name="state">after that second</param>
    public void Add(KnobSecond second, KnobState state)
    {
        try { _trace.Add(second); }
        catch (IOException fault)
        {
            if (BitOperations.IsPow2(++_untold)) LogNotTraced(fault.Message, _untold);
        }

        _unsaved = state;
        if (MonoTime.Now - _savedAt >= SaveEvery) Save(state);
    }

    public void Dispose()
    {
        if (_unsaved is not null) Save(_unsaved);
        _trace.Dispose();
    }

    void Save(KnobState state)
    {
        (_unsaved, _savedAt) = (null, MonoTime.Now);
        try { KnobMemory.Save(_memory, state, ladders); }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            LogNotSaved(_memory, fault.Message);
        }
    }

    [LoggerMessage(4811, LogLevel.Warning, "{File} is not used: {Reason}: the knobs begin anew")]
    partial void LogForgotten(string file, string reason);

    [LoggerMessage(4812, LogLevel.Warning, "{File} is not written: {Reason}: after a restart the knobs begin anew")]
    partial void LogNotSaved(string file, string reason);

    [LoggerMessage(4814, LogLevel.Warning, "a second of the knobs is not written down: {Reason} (time {Times})")]
    partial void LogNotTraced(string reason, long times);
}
