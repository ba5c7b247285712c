using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Annotation;
using EdgeAppliance.Runtime.Pipeline;

namespace EdgeAppliance.Runtime.Status;

/// <summary>A frame to JPEG bytes; the frame stays the caller's.</summary>
/// <param name="quality">1 (smallest) to 100</param>
delegate byte[] JpegEncode(in Frame frame, int quality);

/// <summary>A drawn picture as it goes to watchers.</summary>
sealed record Picture(long Number, byte[] Jpeg);

/// <summary>
/// The live annotated picture: takes a second lease of a frame, draws on a copy and encodes it, at a limited rate and
/// only while somebody watches. With nobody there it costs one comparison a frame.
/// </summary>
sealed class Preview
{
    const int Quality = 80;

    readonly Lock _gate = new();
    readonly FramePool _pool;
    readonly IReadOnlyList<string> _classes;
    readonly JpegEncode _encode;
    readonly TimeSpan _interval;
    TaskCompletionSource<Picture?> _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    MonoTime? _last;
    long _number;
    int _watchers;
    bool _ended;

    /// <param name="encode">a frame and a quality to JPEG bytes</param>
    public Preview(FramePool pool, IReadOnlyList<string> classes, double rateMax, JpegEncode encode)
    {
        _pool = pool;
        _classes = classes;
        _encode = encode;
        _interval = TimeSpan.FromSeconds(1 / rateMax);
        Frames = Link.Latest<Annotated>("preview", FrameBudget.QueuedForPreview, seen => seen.Dispose());
    }

    /// <summary>From the scene thread to the drawing thread.</summary>
    public Link<Annotated> Frames { get; }

    public int Watchers => Volatile.Read(ref _watchers);

    /// <summary>
    /// Takes a share of the frame when it is time for a picture; the caller's own lease stays the caller's.
    /// </summary>
    public void Offer(in Annotated seen, MonoTime now)
    {
        if (Watchers == 0 || (_last is { } last && now - last < _interval)) return;
        _last = now;
        Frames.Send(seen with { Frame = seen.Frame.Share() });
    }

    /// <summary>Draws one; the drawing thread's step.</summary>
    public void Draw(Annotated seen)
    {
        using (seen)
        {
            if (!_pool.TryRent(out var lease)) return; // the next frame makes the next picture
            using var copy = seen.Frame with { Pixels = lease };
            seen.Frame.Pixels.Bytes[..seen.Frame.Format.Bytes].CopyTo(copy.Pixels.Bytes);
            Overlay.Draw(copy, seen, _classes);
            Publish(_encode(copy, Quality));
        }
    }

    /// <summary>Counts a watcher in, unless there are <paramref name="most"/> already.</summary>
    public bool TryWatch(int most)
    {
        lock (_gate)
        {
            if (_ended || _watchers >= most) return false;
            _watchers++;
            return true;
        }
    }

    public void StopWatching()
    {
        lock (_gate) _watchers--;
    }

    /// <summary>The next picture that is made; null when there will be none.</summary>
    public Task<Picture?> NextAsync()
    {
        lock (_gate) return _ended ? Task.FromResult<Picture?>(null) : _next.Task;
    }

    /// <summary>No more pictures: watchers are let go.</summary>
    public void End()
    {
        Frames.Complete();
        lock (_gate)
        {
            _ended = true;
            _next.TrySetResult(null);
        }
    }

    void Publish(byte[] jpeg)
    {
        lock (_gate)
        {
            if (_ended) return;
            var now = _next;
            _next = new TaskCompletionSource<Picture?>(TaskCreationOptions.RunContinuationsAsynchronously);
            now.SetResult(new Picture(++_number, jpeg));
        }
    }
}
