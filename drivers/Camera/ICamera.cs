using EdgeAppliance.Drivers.Memory;

namespace EdgeAppliance.Drivers.Camera;

/// <summary>What a call for the next frame came to.</summary>
public enum Capture
{
    /// <summary>A frame; its lease is the caller's.</summary>
    Frame,

    /// <summary>The decoder went on, but no slot was free: nothing to release.</summary>
    PoolEmpty,

    /// <summary>A recording came to its end, or a stream said goodbye.</summary>
    Ended,
}

/// <summary>What an opened camera is.</summary>
/// <param name="Uri">the address, without any password</param>
/// <param name="Format">size and colour of the frames it gives</param>
/// <param name="FrameRate">frames a second as the stream states it; null when it does not</param>
/// <param name="IsLive">false for a recording: it can be read faster than it was made, and ends</param>
/// <param name="Codec">as libav names it: <c>h264</c></param>
/// <param name="Decoder">the decoder chosen: <c>h264_nvv4l2dec</c>, <c>h264</c></param>
/// <param name="DecoderReason">why that one and not one earlier on the list</param>
public sealed record CameraFacts(
    string Uri, FrameFormat Format, double? FrameRate, bool IsLive, string Codec, string Decoder, string DecoderReason);

/// <summary>Counted since the camera was opened.</summary>
public readonly record struct CameraCounts(long Packets, long PacketBytes, long CorruptPackets, long Frames)
{
    /// <summary>Of two sessions together.</summary>
    internal CameraCounts Plus(in CameraCounts other) => new(
        Packets + other.Packets, PacketBytes + other.PacketBytes, CorruptPackets + other.CorruptPackets,
        Frames + other.Frames);
}

/// <summary>
/// One session with a camera: opened when it is made, over when it throws or is disposed. Not thread safe: one thread
/// reads, and <see cref="IDisposable.Dispose"/> may be called once that thread is out.
/// </summary>
public interface ICamera : IDisposable
{
    CameraFacts Facts { get; }

    CameraCounts Counts { get; }

    /// <summary>
    /// Waits for the next frame. A corrupt packet is counted and skipped.
    /// </summary>
    /// <param name="pool">lends the frame's slot; a frame larger than a slot is scaled down to fit</param>
    /// <param name="frame">the frame when the answer is <see cref="Capture.Frame"/></param>
    /// <param name="stop">asks the wait to end: <see cref="OperationCanceledException"/> within 100 ms</param>
    /// <exception cref="DeviceException">the device is gone, silent for longer than its limit, or refuses</exception>
    Capture Next(FramePool pool, out Frame frame, CancellationToken stop);
}
