using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Threading.Channels;
using EdgeAppliance.CloudSync.Contract;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Retrain.Ingest;

/// <summary>
/// The newest video of every device, as files: <c>DEVICE/TIME-NUMBER.h264</c> with its JSON beside it. The oldest go
/// when the limit is reached. Nothing is flushed: video is for looking.
/// </summary>
sealed partial class VideoShelf : IDisposable
{
    /// <summary>Segments between the network and the disk: some seconds of a few devices.</summary>
    const int QueueMax = 16;

    readonly string _folder;
    readonly long _bytesMax;
    readonly ILogger _log;
    readonly Channel<(string Device, ReadOnlyMemory<byte> Payload)> _queue =
        Channel.CreateBounded<(string, ReadOnlyMemory<byte>)>(QueueMax);

    /// <summary>What lies there, the oldest first.</summary>
    readonly Queue<(string File, long Bytes)> _files = new();
    readonly Task _writing;
    long _bytes, _stored, _dropped, _refused;

    /// <param name="folder">made when it is not there; what lies in it counts</param>
    /// <param name="bytesMax">of all devices together</param>
    public VideoShelf(string folder, long bytesMax, ILogger log)
    {
        (_folder, _bytesMax, _log) = (folder, bytesMax, log);
        Directory.CreateDirectory(folder);
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*.h264", SearchOption.AllDirectories)
            .OrderBy(f => f.Name, StringComparer.Ordinal)) Count(file.FullName, file.Length);
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Written since the start.</summary>
    public long Stored => Interlocked.Read(ref _stored);

    /// <summary>Not written: they came faster than the disk takes them, or it was full.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>No segments of video.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Takes a payload from the network's thread, which is never held up.</summary>
    public void Offer(string device, ReadOnlyMemory<byte> payload)
    {
        if (!_queue.Writer.TryWrite((device, payload))) Drop("the disk is slower than the video");
    }

    /// <summary>Writes what has arrived, and ends.</summary>
    public void Dispose()
    {
        _queue.Writer.TryComplete();
        _writing.Wait();
    }

    async Task WriteAsync()
    {
        await foreach (var (device, payload) in _queue.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try { Write(device, payload); }
            catch (SampleFormatException fault)
            {
                long times = Interlocked.Increment(ref _refused);
                if (BitOperations.IsPow2(times)) LogRefused(device, fault.Message, times);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                Drop(fault.Message);
            }
        }
    }

    void Write(string device, ReadOnlyMemory<byte> payload)
    {
        var segment = VideoFrame.Read(payload, out var video);
        string name = string.Create(CultureInfo.InvariantCulture,
            $"{segment.SentAt.UtcDateTime:yyyyMMdd'T'HHmmss.fff}-{segment.Number:D8}.h264");
        // The topic names the device; what the JSON says may be anything.
        string file = Path.Combine(_folder, device, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        try
        {
            File.WriteAllBytes(file, video.Span);
            File.WriteAllBytes(Path.ChangeExtension(file, ".json"),
                JsonSerializer.SerializeToUtf8Bytes(segment, ContractJson.Default.VideoSegment));
        }
        catch (IOException)
        {
            // A full disk leaves pieces that nobody counts: a file a second.
            Delete(file);
            throw;
        }

        Count(file, video.Length);
        Interlocked.Increment(ref _stored);
        Thin();
    }

    void Count(string file, long bytes)
    {
        _files.Enqueue((file, bytes));
        _bytes += bytes;
    }

    void Thin()
    {
        while (_bytes > _bytesMax && _files.TryDequeue(out var oldest))
        {
            Delete(oldest.File);
            _bytes -= oldest.Bytes;
        }
    }

    static void Delete(string file)
    {
        File.Delete(file);
        File.Delete(Path.ChangeExtension(file, ".json"));
    }

    void Drop(string why)
    {
        long times = Interlocked.Increment(ref _dropped);
        if (BitOperations.IsPow2(times)) LogDropped(why, times);
    }

    [LoggerMessage(6131, LogLevel.Warning, "a segment of video is not kept: {Why} (time {Times})")]
    partial void LogDropped(string why, long times);

    [LoggerMessage(6132, LogLevel.Warning, "a message of {Device} is no segment of video: {Why} (time {Times})")]
    partial void LogRefused(string device, string why, long times);
}
