using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Annotation;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Pipeline;
using EdgeAppliance.Runtime.Selection;
using EdgeAppliance.Runtime.Status;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime;

/// <summary><see cref="ICamera.Next"/>, of one session or of many.</summary>
delegate Capture CaptureNext(FramePool pool, out Frame frame, CancellationToken stop);

/// <summary>What the chain is made of. Whoever makes the parts disposes them, after the run.</summary>
/// <param name="Next">waits for the camera's next frame</param>
/// <param name="IsLive">false: a recording, whose stages wait instead of dropping, so that a replay is exact</param>
/// <param name="Detectors">
/// each a frame to what is in it; takes the frame over, and releases it when it faults. More than one work side by
/// side: whichever is idle takes the next frame
/// </param>
/// <param name="Step">what was seen to labels: track, locate, fuse, annotate; pure, in order</param>
/// <param name="TryChoose">whether a labelled frame is worth keeping</param>
/// <param name="Keep">encodes and commits; null: nothing is kept. The frame stays the caller's</param>
/// <param name="Watch">looks at each labelled frame on the scene thread and keeps nothing of it; null: nobody</param>
sealed record Parts(
    CaptureNext Next, bool IsLive, FramePool Pool, IReadOnlyList<Func<Frame, Detected>> Detectors,
    Func<Detected, Annotated> Step, Func<Annotated, Chosen?> TryChoose, Action<Chosen>? Keep, Action<Annotated>? Watch,
    Preview Preview)
{
    /// <summary>Turns the knobs; null: every frame is looked at in full quality.</summary>
    public Adapting? Knobs { get; init; }

    /// <summary>Sends the camera's video; null: none is sent.</summary>
    public VideoSender? Video { get; init; }
}

/// <summary>
/// The chain of stages, a line a stage. Each has a thread of its own, since each blocks in native code; each ends when
/// its link is completed, so shutdown is: the camera stops, and everything under way drains to the spool.
/// </summary>
sealed partial class Appliance : IDisposable
{
    readonly Parts _parts;
    readonly ILogger _log;
    readonly CancellationTokenSource _top = new();
    readonly Link<Frame> _frames;
    readonly Link<Detected> _detected;
    readonly Link<Chosen> _chosen;
    ExceptionDispatchInfo? _fault;

    public Appliance(Parts parts, ILogger log)
    {
        _parts = parts;
        _log = log;
        bool isLive = parts.IsLive;
        _frames = Make<Frame>("frames", FrameBudget.QueuedForInference, isLive, frame => frame.Dispose());
        _detected = Make<Detected>("detected", FrameBudget.QueuedForScene, isLive, seen => seen.Dispose());
        _chosen = Make<Chosen>("chosen", FrameBudget.QueuedForStore, false, chosen => chosen.Dispose());
    }

    public ChainMeters Meters { get; } = new(MonoTime.Now);

    /// <summary>Counts of every link, in the order of the chain.</summary>
    public IReadOnlyList<LinkCounts> Links =>
    [
        _frames.Counts, _detected.Counts, _chosen.Counts, _parts.Preview.Frames.Counts,
        .. _parts.Knobs is { } knobs ? [knobs.Moments.Counts] : Array.Empty<LinkCounts>(),
        .. _parts.Video is { } video ? [video.Frames.Counts] : Array.Empty<LinkCounts>(),
    ];

    /// <summary>Runs until the camera ends or a stop is asked for, and all under way is through.</summary>
    /// <remarks>The first fault that is no closed link stops the top; it is thrown when all stages are out.</remarks>
    public async Task RunAsync(CancellationToken stop)
    {
        using var asked = stop.Register(_top.Cancel);
        await Task.WhenAll(
            Stage("camera", () => ReadCamera(_top.Token), then: EndOfCamera),
            Detecting(),
            Stage("scene", () => _detected.Drain(Step), then: EndOfScene),
            Stage("store", () => _chosen.Drain(Keep), then: () => { }),
            Stage("preview", () => _parts.Preview.Frames.Drain(_parts.Preview.Draw), then: () => { }),
            Stage("knobs", () => _parts.Knobs?.Moments.Drain(_parts.Knobs.Step), then: () => { }),
            Stage("video", () => _parts.Video?.Run(), then: () => { }));
        _fault?.Throw();
    }

    /// <summary>Asks the camera's stage to end; the others follow as their links complete.</summary>
    public void Stop() => _top.Cancel();

    public void Dispose() => _top.Dispose();

    void ReadCamera(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                var capture = _parts.Next(_parts.Pool, out var frame, stop);
                if (capture == Capture.Ended) return;
                if (capture == Capture.PoolEmpty) continue; // counted by the pool
                Meters.Camera.Count(MonoTime.Now);
                Meters.LastFrame = MonoTime.Now;
                bool isDue = true;
                bool isWanted = _parts.Knobs?.Stages.IsWanted(frame, out isDue) ?? true;
                if (isDue) _parts.Video?.Offer(frame);
                if (isWanted) _frames.Send(frame);
                else Spare(frame);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Asked for: what is under way drains.
        }
    }

    /// <summary>
    /// Detectors side by side: whichever is idle takes the next frame, so that none waits for another; the scene gets
    /// the frames in their order.
    /// </summary>
    Task Detecting()
    {
        var detectors = _parts.Detectors;
        var ordered = new Ordered<Detected>(
            FrameBudget.AheadOfOrder * (detectors.Count - 1), _detected.Send, seen => seen.Dispose());
        int under = detectors.Count;
        return Task.WhenAll(detectors.Select((detector, i) => Stage(
            detectors.Count == 1 ? "detect" : $"detect {i + 1}", () => Look(detector), then: LastCompletes)));

        void Look(Func<Frame, Detected> detector)
        {
            bool isThrough = false;
            try
            {
                _frames.Drain((frame, number) => ordered.Put(number, Detect(detector, frame)));
                isThrough = true;
            }
            finally
            {
                if (!isThrough) ordered.Close();
            }
        }

        void LastCompletes()
        {
            if (Interlocked.Decrement(ref under) == 0) _detected.Complete();
        }
    }

    void Spare(in Frame frame)
    {
        frame.Dispose();
        Meters.CountSpared();
    }

    Detected Detect(Func<Frame, Detected> detector, Frame frame)
    {
        var started = MonoTime.Now;
        var seen = detector(frame);
        Meters.Detect.Count(MonoTime.Now, MonoTime.Now - started);
        return seen;
    }

    void Step(Detected seen)
    {
        var started = MonoTime.Now;
        var annotated = Passing(seen, StepNoted);
        var chosen = Passing(annotated, Look);
        Meters.Scene.Count(MonoTime.Now, MonoTime.Now - started);
        if (chosen is { } worth) _chosen.Send(worth);
        else annotated.Dispose();
    }

    Annotated StepNoted(Detected seen)
    {
        _parts.Knobs?.Note(seen);
        return _parts.Step(seen);
    }

    Chosen? Look(Annotated annotated)
    {
        Meters.CountLabels(annotated.Annotations.Length);
        _parts.Watch?.Invoke(annotated);
        _parts.Preview.Offer(annotated, MonoTime.Now);
        return _parts.TryChoose(annotated);
    }

    void Keep(Chosen chosen)
    {
        var started = MonoTime.Now;
        using (chosen) _parts.Keep?.Invoke(chosen);
        Meters.Store.Count(MonoTime.Now, MonoTime.Now - started);
    }

    void EndOfCamera()
    {
        _frames.Complete();
        _parts.Video?.Frames.Complete();
    }

    void EndOfScene()
    {
        _chosen.Complete();
        _parts.Preview.End();
        _parts.Knobs?.End();
    }

    /// <summary>A step that faults gives back what it was handed.</summary>
    static TOut Passing<TIn, TOut>(TIn item, Func<TIn, TOut> step) where TIn : IDisposable
    {
        try { return step(item); }
        catch
        {
            item.Dispose();
            throw;
        }
    }

    static Link<T> Make<T>(string name, int capacity, bool isLive, Action<T> release) => isLive
        ? Link.Latest(name, capacity, release)
        : Link.Every(name, capacity, release);

    /// <summary>Runs a stage on its own thread; <paramref name="then"/> tells the next that no more comes.</summary>
    Task Stage(string name, Action work, Action then)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            Guard(name, work);
            then();
            done.SetResult();
        })
        { Name = name, IsBackground = true }.Start();
        return done.Task;
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "Keeps the first fault that is not a closed link: a neighbour's closed link is found by "
            + "whichever stage looks first, and is not what died. RunAsync throws it on.")]
    void Guard(string name, Action work)
    {
        try { work(); }
        catch (LinkClosedException)
        {
            // The stage behind is gone, and has said why.
        }
        catch (Exception fault)
        {
            if (Interlocked.CompareExchange(ref _fault, ExceptionDispatchInfo.Capture(fault), null) is null)
            {
                LogFault(name, fault.Message);
            }

            _top.Cancel();
        }
    }

    [LoggerMessage(4901, LogLevel.Error, "stage {Stage} ends: {Reason}")]
    partial void LogFault(string stage, string reason);
}
