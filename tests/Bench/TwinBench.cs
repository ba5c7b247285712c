using System.Diagnostics;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Drivers.Twin;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Bench;

/// <summary>
/// What the twin costs: drawing, truth, radio, and the whole camera with encoder and decoder, one thread.
/// </summary>
static class TwinBench
{
    public static int Run(BenchArguments arguments)
    {
        var report = new Report("twin");
        foreach (string name in TwinWorld.Names)
        {
            var begun = Stopwatch.StartNew();
            var world = TwinWorld.Create(name, 1);
            string on = $"{name} {world.Format.Width}x{world.Format.Height}";
            report.Add("world made in", begun.Elapsed.TotalSeconds, "s", "<3", on);
            using var pool = new FramePool(1, world.Format.Bytes);
            if (!pool.TryRent(out var slot)) throw new InvalidOperationException("an empty pool of one lends nothing");
            using (var frame = new Frame(slot, world.Format, default, 0, default))
            {
                // By this thread's processor time: what else the machine does is not the twin's cost.
                report.Add("drawn a second of one core", Rate(100, i => world.Render(At(i), frame)), "1/s", ">=50", on);
            }

            report.Add("truths a second of one core", Rate(100, i => world.TruthAt(At(i))), "1/s", ">=50", on);
            using var radio = new TwinRadio(world, default);
            var into = new EdgeAppliance.Drivers.Radio.Observation[4096];
            report.Add("radio seconds a second of one core",
                Rate(100, i => radio.Drain(MonoTime.FromSeconds(i), into)), "1/s", ">=20", on);
            MeasureCamera(report, name, on);
        }

        return report.Finish();
    }

    static void MeasureCamera(Report report, string name, string on)
    {
        using var camera = TwinCamera.Open(
            $"twin://{name}?seed=1&pace=max", new CameraOptions { Epoch = default(MonoTime) }, NullLogger.Instance);
        using var pool = new FramePool(1, camera.Facts.Format.Bytes);
        double rate = Rate(250, _ =>
        {
            if (camera.Next(pool, out var frame, CancellationToken.None) != Capture.Frame)
                throw new InvalidOperationException("the twin gave no frame");
            frame.Dispose();
        });
        report.Add("camera frames a second of one core", rate, "1/s", ">=25", $"{on}, {camera.Facts.Decoder}");
        report.Add("stream", camera.Counts.PacketBytes * 8 * 25e-6 / camera.Counts.Packets, "Mbit/s at 25", "", on);
    }

    static TimeSpan At(int frame) => TimeSpan.FromMilliseconds(frame * 40);

    /// <summary>Times a second of this process's processor time, after a tenth as many to warm up.</summary>
    static double Rate(int times, Action<int> step)
    {
        for (int i = 0; i < times / 10; i++) step(i);
        using var self = Process.GetCurrentProcess();
        var before = self.TotalProcessorTime;
        for (int i = 0; i < times; i++) step(i);
        self.Refresh();
        return times / (self.TotalProcessorTime - before).TotalSeconds;
    }
}
