using System.Diagnostics;
using EdgeAppliance.Retrain.Dataset;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Retrain.Ingest;

/// <summary>
/// When the COCO file is made anew: when the data set grew by a tenth, so that all the making together costs about ten
/// times the last one however large the set becomes; after a while in any case; and at the end. One at a time, beside
/// the writer.
/// </summary>
sealed partial class CocoSchedule(string folder, IngestOptions options, ILogger log)
{
    const int GrowthPart = 10;

    readonly Stopwatch _since = Stopwatch.StartNew();
    Task _running = Task.CompletedTask;
    // Unknown until it has been made once: the file may be behind the journal after a kill.
    long _written = -1;

    public async Task TickAsync(int images, bool isLast)
    {
        if (isLast) await _running.ConfigureAwait(false);
        if (!_running.IsCompleted || images == Interlocked.Read(ref _written)) return;
        bool isGrown = images - Interlocked.Read(ref _written) > images / GrowthPart;
        if (isLast || (isGrown && _since.Elapsed > options.CocoEvery) || _since.Elapsed > options.CocoAtLast)
        {
            await _running.ConfigureAwait(false); // a fault of the last making comes out here
            _since.Restart();
            _running = Task.Run(Write);
            if (isLast) await _running.ConfigureAwait(false);
        }
    }

    void Write()
    {
        try { Interlocked.Exchange(ref _written, CocoFile.Write(folder)); }
        catch (IOException fault)
        {
            // The old file stands, the journal has everything: the next making, or "coco", catches up.
            NotWritten(log, folder, fault.Message);
        }
    }

    [LoggerMessage(6121, LogLevel.Error,
        "the COCO file of {Folder} could not be made anew: {Why}; the older one stands")]
    static partial void NotWritten(ILogger log, string folder, string why);
}
