using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime;
using EdgeAppliance.Runtime.Annotation;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Pipeline;
using EdgeAppliance.Runtime.Selection;
using EdgeAppliance.Runtime.Status;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Unit;

public sealed class ApplianceTests : IDisposable
{
    static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    readonly FramePool _pool = new(FrameBudget.Slots, PaintedCamera.Format.Bytes);
    readonly List<long> _seen = [];
    readonly List<long> _kept = [];

    public void Dispose()
    {
        Assert.Equal(0, _pool.Held);
        _pool.Dispose();
    }

    [Fact]
    public async Task A_recording_is_seen_whole_and_in_order_however_slow_the_stages_are()
    {
        using var camera = new PaintedCamera(60, isLive: false);
        using var appliance = new Appliance(Parts(camera, keep: Slow), NullLogger.Instance);
        await appliance.RunAsync(default).WaitAsync(Long);

        Assert.Equal(Enumerable.Range(0, 60).Select(i => (long)i), _seen);
        Assert.Equal(_seen.Where(index => index % 3 == 0), _kept);
        Assert.Equal((60, 0), (appliance.Links[0].Taken, appliance.Links[0].Dropped));
        AssertBalanced(appliance);
    }

    [Fact]
    public async Task Detectors_side_by_side_each_take_the_next_frame_when_idle_and_the_order_is_kept()
    {
        using var camera = new PaintedCamera(60, isLive: false);
        var looked = new int[3];
        Func<Frame, Detected>[] detectors = [.. Enumerable.Range(0, 3).Select<int, Func<Frame, Detected>>(n => frame =>
        {
            looked[n]++;
            return Slowly(Seen(frame), 1 + (n * 9)); // unlike in speed, so that a wrong order would show
        })];
        using var appliance = new Appliance(Parts(camera) with { Detectors = detectors }, NullLogger.Instance);
        await appliance.RunAsync(default).WaitAsync(Long);

        Assert.Equal(Enumerable.Range(0, 60).Select(i => (long)i), _seen);
        Assert.Equal(60, looked.Sum());
        Assert.True(looked[0] > looked[2], string.Join(' ', looked));
        AssertBalanced(appliance);
    }

    [Fact]
    public async Task A_detector_that_dies_beside_others_ends_the_run_and_every_frame_comes_back()
    {
        using var camera = new PaintedCamera(int.MaxValue, isLive: false);
        int looked = 0;
        Detected Look(Frame frame) => Interlocked.Increment(ref looked) == 20 ? Die(frame) : Slowly(Seen(frame), 1);
        using var appliance = new Appliance(Parts(camera) with { Detectors = [Look, Look, Look] }, NullLogger.Instance);
        var fault = await Assert.ThrowsAsync<IOException>(() => appliance.RunAsync(default).WaitAsync(Long));
        Assert.Equal("detect died", fault.Message);
        AssertBalanced(appliance);
    }

    [Fact]
    public async Task A_live_camera_is_never_held_up_and_old_frames_are_dropped_and_counted()
    {
        using var camera = new PaintedCamera(40, isLive: true, pace: TimeSpan.FromMilliseconds(1));
        var parts = Parts(camera) with { Detectors = [frame => Slowly(Seen(frame), 8)] };
        using var appliance = new Appliance(parts, NullLogger.Instance);
        await appliance.RunAsync(default).WaitAsync(Long);

        Assert.True(appliance.Links[0].Dropped > 0, appliance.Links[0].ToString());
        Assert.Equal(_seen.Order(), _seen);
        Assert.Equal(39, _seen[^1]); // the newest is kept, the oldest is dropped
        AssertBalanced(appliance);
    }

    [Fact]
    public async Task A_stop_drains_what_is_under_way()
    {
        using var camera = new PaintedCamera(int.MaxValue, isLive: true, pace: TimeSpan.FromMilliseconds(1));
        using var appliance = new Appliance(Parts(camera, keep: Slow), NullLogger.Instance);
        using var stop = new CancellationTokenSource();
        var running = appliance.RunAsync(stop.Token);
        while (appliance.Links[2].Sent < 3) await Task.Delay(5);
        await stop.CancelAsync();
        await running.WaitAsync(Long);

        Assert.Equal(appliance.Links[2].Sent, _kept.Count);
        AssertBalanced(appliance);
    }

    [Fact]
    public async Task A_camera_that_is_gone_for_good_ends_the_run_with_its_own_fault()
    {
        using var camera = new PaintedCamera(5, isLive: true, PaintedCamera.Gone);
        using var appliance = new Appliance(Parts(camera), NullLogger.Instance);
        var fault = await Assert.ThrowsAsync<DeviceException>(() => appliance.RunAsync(default).WaitAsync(Long));
        Assert.Contains("gone", fault.Message, StringComparison.Ordinal);
        AssertBalanced(appliance);
    }

    [Theory]
    [InlineData("detect")]
    [InlineData("scene")]
    [InlineData("store")]
    public async Task A_stage_that_dies_stops_the_top_and_is_the_fault_that_is_told(string stage)
    {
        using var camera = new PaintedCamera(int.MaxValue, isLive: stage != "store");
        var parts = Parts(camera);
        parts = stage switch
        {
            "detect" => parts with { Detectors = [Die] },
            "scene" => parts with { Step = _ => throw new IOException("scene died") },
            _ => parts with { Keep = _ => throw new IOException("store died") },
        };
        using var appliance = new Appliance(parts, NullLogger.Instance);
        var fault = await Assert.ThrowsAsync<IOException>(() => appliance.RunAsync(default).WaitAsync(Long));
        Assert.Equal($"{stage} died", fault.Message);
        AssertBalanced(appliance);
    }

    static void AssertBalanced(Appliance appliance) => Assert.All(appliance.Links, link =>
    {
        Assert.True(link.Balances, link.ToString());
        Assert.Equal(0, link.Queued);
    });

    static Detected Die(Frame frame)
    {
        frame.Dispose(); // a detector takes its frame over
        throw new IOException("detect died");
    }

    static Detected Seen(Frame frame) => new(frame, [new Detection(new Box(1, 1, 9, 9), 0, 0.9f)], "model");

    static T Slowly<T>(T item, int ms)
    {
        Thread.Sleep(ms);
        return item;
    }

    void Slow(Chosen chosen)
    {
        Thread.Sleep(2);
        _kept.Add(chosen.Frame.Index);
    }

    Parts Parts(PaintedCamera camera, Action<Chosen>? keep = null) => new(
        camera.Next, camera.Facts.IsLive, _pool, [Seen],
        seen => new Annotated(seen.Frame, [], [], seen.Detections, seen.Model, null),
        annotated => annotated.Frame.Index % 3 == 0 ? new Chosen(annotated, "third", 0.5f) : null,
        keep ?? (_ => { }), annotated => _seen.Add(annotated.Frame.Index),
        new Preview(_pool, [], 10, (in Frame _, int _) => []));
}
