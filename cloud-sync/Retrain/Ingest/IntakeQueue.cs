using System.Threading.Channels;
using EdgeAppliance.CloudSync.Contract;
using EdgeAppliance.CloudSync.Mqtt;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Retrain.Ingest;

/// <summary>A message on a device's samples topic.</summary>
readonly record struct IntakeMessage(string Device, ReadOnlyMemory<byte> Payload);

/// <summary>
/// Between the network's thread and the writer: bounded in messages and bytes. What finds no room is dropped and
/// counted; its device sends it again, and the network's thread is never held up.
/// </summary>
sealed partial class IntakeQueue : IMqttListener
{
    readonly Channel<IntakeMessage> _queue;
    readonly long _bytesMax;
    readonly ILogger _log;
    readonly VideoShelf? _video;
    long _bytes, _arrived, _dropped, _foreign;

    /// <param name="video">takes video; null: none is taken</param>
    public IntakeQueue(IngestOptions options, VideoShelf? video, ILogger log)
    {
        _queue = Channel.CreateBounded<IntakeMessage>(options.QueueMax);
        (_bytesMax, _video, _log) = (options.QueueBytesMax, video, log);
    }

    public long ArrivedCount => Interlocked.Read(ref _arrived);

    public long DroppedCount => Interlocked.Read(ref _dropped);

    /// <summary>Waits for a message, that long at most; a stop ends it without an exception.</summary>
    public async Task<bool> WaitAsync(TimeSpan most, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(most);
        try { return await _queue.Reader.WaitToReadAsync(limit.Token).ConfigureAwait(false); }
        catch (OperationCanceledException) { return false; }
    }

    /// <summary>Fills a batch with what is there; false when nothing is.</summary>
    public bool Take(List<IntakeMessage> batch, int most)
    {
        while (batch.Count < most && _queue.Reader.TryRead(out var message))
        {
            Interlocked.Add(ref _bytes, -message.Payload.Length);
            batch.Add(message);
        }

        return batch.Count > 0;
    }

    public void Connected() { }

    public void Lost(string why) { }

    public void Answered(int publication, Answer answer, string reason) { }

    public void Arrived(string topic, ReadOnlyMemory<byte> payload)
    {
        if (_video is not null && Topics.DeviceOfVideo(topic) is { } camera)
        {
            _video.Offer(camera, payload);
            return;
        }

        Interlocked.Increment(ref _arrived);
        if (Topics.DeviceOfSamples(topic) is not { } device)
        {
            if (++_foreign is var times && (times & (times - 1)) == 0) Foreign(_log, topic, times);
            return;
        }

        if (Interlocked.Read(ref _bytes) + payload.Length <= _bytesMax
            && _queue.Writer.TryWrite(new IntakeMessage(device, payload)))
        {
            Interlocked.Add(ref _bytes, payload.Length);
            return;
        }

        long dropped = Interlocked.Increment(ref _dropped);
        if ((dropped & (dropped - 1)) == 0) Overfull(_log, dropped);
    }

    [LoggerMessage(6111, LogLevel.Warning, "a message on {Topic}, which is no topic of a device's (time {Times})")]
    static partial void Foreign(ILogger log, string topic, long times);

    [LoggerMessage(6112, LogLevel.Warning,
        "samples come faster than the disk takes them: {Dropped} dropped so far, their devices send them again")]
    static partial void Overfull(ILogger log, long dropped);
}
