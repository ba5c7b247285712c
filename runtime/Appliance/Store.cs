using System.Numerics;
using System.Security.Cryptography;
using EdgeAppliance.CloudSync.Contract;
using EdgeAppliance.CloudSync.Spool;
using EdgeAppliance.Runtime.Annotation;
using EdgeAppliance.Runtime.Selection;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Runtime.Status;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime;

/// <summary>Chosen frames into the spool: encoded, described, committed. Here pixels end.</summary>
/// <param name="quality">JPEG quality of a sample, 1 to 100</param>
/// <param name="encode">a frame and a quality to JPEG bytes</param>
sealed partial class Store(
    SampleSpool spool, Annotator annotator, string device, string camera, Func<Annotated, int> quality,
    JpegEncode encode, ILogger log)
{
    long _stored;
    long _notStored;
    long _bytes;

    public long Stored => Interlocked.Read(ref _stored);

    /// <summary>Chosen and not stored, each told in the log: the disk is full, or the image too large.</summary>
    public long NotStored => Interlocked.Read(ref _notStored);

    /// <summary>Bytes of the images stored: what the uplink will have to carry.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <exception cref="IOException">another process has it, or the folder cannot be written</exception>
    public static SampleSpool OpenSpool(SpoolSettings settings, ILogger log)
    {
        var options = new SpoolOptions
        {
            BytesMax = (long)settings.MiBMax << 20,
            DiskReserveBytes = (long)settings.MiBFreeMin << 20,
        };
        return SampleSpool.Open(Path.Combine(settings.Folder, "spool.db"), options, log);
    }

    /// <summary>Keeps one; the frame stays the caller's. The commit is on the disk when this returns.</summary>
    public void Keep(Chosen chosen)
    {
        byte[] image = encode(chosen.Frame, quality(chosen.Annotated));
        var origin = new SampleOrigin(SampleId.New(), device, DateTimeOffset.UtcNow, SampleOrigin.TrustNow(), camera,
            "image/jpeg", Convert.ToHexStringLower(SHA256.HashData(image)));
        var result = spool.Store(annotator.SampleOf(chosen.Annotated, chosen.Reason, chosen.Worth, origin), image);
        if (result.IsStored)
        {
            Interlocked.Increment(ref _stored);
            Interlocked.Add(ref _bytes, image.Length);
            LogStored(log, origin.Id, chosen.Reason);
            return;
        }

        long times = Interlocked.Increment(ref _notStored);
        if (BitOperations.IsPow2(times)) LogNotStored(log, chosen.Frame.Index, result.Why ?? "", times);
    }

    [LoggerMessage(4910, LogLevel.Warning, "frame {Frame} is not stored: {Why} (time {Times})")]
    static partial void LogNotStored(ILogger log, long frame, string why, long times);

    [LoggerMessage(4911, LogLevel.Information, "sample {Id} stored: {Reason}")]
    static partial void LogStored(ILogger log, SampleId id, string reason);
}
