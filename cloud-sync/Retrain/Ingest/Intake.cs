using System.Collections.Immutable;
using EdgeAppliance.CloudSync.Contract;
using EdgeAppliance.CloudSync.Mqtt;
using EdgeAppliance.CloudSync.Spool;
using EdgeAppliance.Retrain.Dataset;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Retrain.Ingest;

/// <param name="Arrived">messages from the broker</param>
/// <param name="Dropped">of them, for want of room in the queue: their devices send them again</param>
/// <param name="Stored">new in the data set</param>
/// <param name="Duplicates">known already</param>
/// <param name="Refused">can never be taken</param>
/// <param name="Unanswered">left without a receipt: unreadable, newer than this program, or the disk was full</param>
readonly record struct IntakeCounts(
    long Arrived, long Dropped, long Stored, long Duplicates, long Refused, long Unanswered);

/// <summary>
/// Takes samples in: checks them, writes them to the data set, and answers with a receipt when they are on the disk.
/// The library acknowledges to the broker as soon as a message has arrived, before it is written; that is harmless,
/// since a device repeats a sample until its receipt comes.
/// </summary>
sealed partial class Intake
{
    static readonly TimeSpan ReceiptWait = TimeSpan.FromSeconds(2);
    static readonly TimeSpan ReceiptRetry = TimeSpan.FromMilliseconds(5);

    readonly DataSetFolder _set;
    readonly IMqttLink _link;
    readonly IngestOptions _options;
    readonly ILogger _log;
    readonly ImmutableArray<string> _topics;
    readonly IntakeQueue _queue;
    readonly CocoSchedule _coco;
    long _stored, _duplicates, _refused, _unanswered, _fullTimes;

    /// <param name="video">takes the devices' video; null: none is asked for</param>
    public Intake(DataSetFolder set, IMqttLink link, IngestOptions options, ILogger log, VideoShelf? video = null)
    {
        if (options.Faults().FirstOrDefault() is { } fault) throw new ArgumentException(fault, nameof(options));
        (_set, _link, _options, _log) = (set, link, options, log);
        _topics = video is null ? [Topics.AllSamples] : [Topics.AllSamples, Topics.AllVideo];
        _queue = new IntakeQueue(options, video, log);
        _coco = new CocoSchedule(set.Folder, options, log);
    }

    public IntakeCounts Counts => new(
        _queue.ArrivedCount, _queue.DroppedCount, Interlocked.Read(ref _stored), Interlocked.Read(ref _duplicates),
        Interlocked.Read(ref _refused), Interlocked.Read(ref _unanswered));

    /// <summary>Takes in until told to stop; then works off what has arrived and brings the COCO file up to
    /// date.</summary>
    /// <exception cref="IOException">the link gave up for good, or the disk failed otherwise than by being
    /// full</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        _link.Start(_topics, _queue);
        var batch = new List<IntakeMessage>();
        while (!stop.IsCancellationRequested)
        {
            if (_link.State == LinkState.Failed) throw new IOException(_link.Fault);
            if (await _queue.WaitAsync(_options.CocoEvery, stop).ConfigureAwait(false))
            {
                while (_queue.Take(batch, _options.BatchMax)) await TakeAsync(batch, stop).ConfigureAwait(false);
            }

            await _coco.TickAsync(_set.Images, isLast: false).ConfigureAwait(false);
        }

        while (_queue.Take(batch, _options.BatchMax))
            await TakeAsync(batch, CancellationToken.None).ConfigureAwait(false);
        await _coco.TickAsync(_set.Images, isLast: true).ConfigureAwait(false);
        Ended(_log, Counts.Stored, Counts.Duplicates, Counts.Refused, _set.Images);
    }

    async Task TakeAsync(List<IntakeMessage> batch, CancellationToken stop)
    {
        var good = new List<CheckedSample>(batch.Count);
        long bytes = 0;
        foreach (var message in batch)
        {
            if (Check(message, out string? refusal) is { } sample)
            {
                good.Add(sample);
                bytes += message.Payload.Length;
            }
            else if (refusal is not null && SampleFrame.ReadId(message.Payload.Span) is { } id)
            {
                Interlocked.Increment(ref _refused);
                Refused(_log, id, message.Device, refusal);
                await AnswerAsync(message.Device, new Receipt(Receipt.CurrentVersion, id, Verdict.Refused, refusal))
                    .ConfigureAwait(false);
            }
            else
            {
                Interlocked.Increment(ref _unanswered);
            }
        }

        batch.Clear();
        if (good.Count == 0) return;
        if (Store(good, bytes) is not { } verdicts)
        {
            Interlocked.Add(ref _unanswered, good.Count);
            await Task.Delay(_options.FullPause, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        for (int i = 0; i < good.Count; i++)
        {
            Interlocked.Increment(ref verdicts[i] == Verdict.Stored ? ref _stored : ref _duplicates);
            var sample = good[i].Sample;
            await AnswerAsync(sample.Device, new Receipt(Receipt.CurrentVersion, sample.Id, verdicts[i], null))
                .ConfigureAwait(false);
        }
    }

    CheckedSample? Check(IntakeMessage message, out string? refusal)
    {
        try
        {
            var sample = SampleFrame.Read(message.Payload, out var image);
            refusal = SampleCheck.Fault(sample, image.Span, message.Device);
            return refusal is null ? new CheckedSample(sample, image) : null;
        }
        catch (SampleFormatException fault)
        {
            // What a newer device wrote is no fault of the sample: no receipt, so the device keeps it.
            refusal = fault.IsNewer ? null : fault.Message;
            if (fault.IsNewer) Newer(_log, message.Device, fault.Message);
            else if (SampleFrame.ReadId(message.Payload.Span) is null) Unreadable(_log, message.Device, fault.Message);
            return null;
        }
    }

    /// <returns>null when there was no room: nothing was added, no receipt goes out</returns>
    IReadOnlyList<Verdict>? Store(List<CheckedSample> samples, long bytes)
    {
        try
        {
            long free = Disk.FreeBytes(_set.Folder);
            if (free < _options.DiskReserveBytes + bytes && samples.Any(sample => !_set.Has(sample.Sample.Id)))
                return Full($"{free} bytes are free, {_options.DiskReserveBytes} are left alone (--reserve-mb)");
            var verdicts = _set.Add(samples);
            if (_fullTimes > 0) RoomAgain(_log, _set.Folder);
            _fullTimes = 0;
            return verdicts;
        }
        catch (IOException fault) when (Disk.IsFull(fault))
        {
            return Full(fault.Message);
        }
    }

    IReadOnlyList<Verdict>? Full(string why)
    {
        _fullTimes++;
        if ((_fullTimes & (_fullTimes - 1)) == 0) NoRoom(_log, _set.Folder, why, _fullTimes);
        return null;
    }

    async Task AnswerAsync(string device, Receipt receipt)
    {
        byte[] payload = SampleFrame.WriteReceipt(receipt);
        string topic = Topics.Receipts(device);
        long until = Environment.TickCount64 + (long)ReceiptWait.TotalMilliseconds;
        // A receipt that cannot go out now is let go: the sample comes again and is answered as a duplicate.
        while (_link.Publish(topic, payload, out _) == Delivery.Busy && Environment.TickCount64 < until)
            await Task.Delay(ReceiptRetry).ConfigureAwait(false);
    }

    [LoggerMessage(6101, LogLevel.Warning, "sample {Id} of {Device} is refused: {Why}")]
    static partial void Refused(ILogger log, SampleId id, string device, string why);

    [LoggerMessage(6102, LogLevel.Error,
        "{Device} sends {What}: no receipt is sent, it keeps its samples. Bring this endpoint up to date")]
    static partial void Newer(ILogger log, string device, string what);

    [LoggerMessage(6103, LogLevel.Warning, "a message of {Device} is no sample: {Why}")]
    static partial void Unreadable(ILogger log, string device, string why);

    [LoggerMessage(6104, LogLevel.Error,
        "no room for the data set {Folder}: {Why} (time {Times}). No receipts are sent, "
        + "the devices keep their samples; free space and they come")]
    static partial void NoRoom(ILogger log, string folder, string why, long times);

    [LoggerMessage(6105, LogLevel.Information, "the data set {Folder} takes samples again")]
    static partial void RoomAgain(ILogger log, string folder);

    [LoggerMessage(6106, LogLevel.Information,
        "ended: {Stored} stored, {Duplicates} duplicates, {Refused} refused; {Images} images in the data set")]
    static partial void Ended(ILogger log, long stored, long duplicates, long refused, int images);
}
