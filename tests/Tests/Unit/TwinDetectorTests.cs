using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Drivers.Twin;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Unit;

public sealed class TwinDetectorTests
{
    [Theory]
    [InlineData("yard")]
    [InlineData("yard-dusk")]
    public void The_shipped_detector_finds_who_is_plain_to_see(string name)
    {
        using var detector = Detector.Load(
            ModelFolder.Load(Path.Combine(SharedData.Root, "runtime", "models", "twin")),
            new InferenceSettings { Threads = 1 }, NullLogger.Instance);
        // One frame a second, of a seed it was not trained on.
        using var camera = TwinCamera.Open(
            $"twin://{name}?seed=1&pace=max&fps=1&seconds=20", new CameraOptions { Epoch = default(MonoTime) },
            NullLogger.Instance);
        using var pool = new FramePool(1, camera.Facts.Format.Bytes);
        int wanted = 0, found = 0, told = 0, right = 0;
        while (camera.Next(pool, out var frame, CancellationToken.None) == Capture.Frame)
        {
            var truth = camera.World.TruthAt(frame.StreamTime);
            using var seen = detector.Detect(frame);
            foreach (var one in truth.Where(one => one.Visibility >= .5))
            {
                wanted++;
                if (seen.Detections.Any(detection => Agree(detection, one))) found++;
            }

            foreach (var detection in seen.Detections.Where(detection => detection.Score >= .5f))
            {
                told++;
                if (truth.Any(one => Agree(detection, one))) right++;
            }
        }

        Assert.Equal(0, pool.Held);
        Assert.True(wanted > 50, $"only {wanted} to find");
        Assert.True(found >= .85 * wanted, $"{found} found of {wanted}");
        Assert.True(right >= .95 * told, $"{right} right of {told}");
    }

    static bool Agree(Detection detection, TwinTruth truth) =>
        detection.Class == (truth.Class == TwinWorld.PersonClass ? 0 : 1) &&
        detection.Box.IouWith(new Box(truth.Box.Left, truth.Box.Top, truth.Box.Right, truth.Box.Bottom)) >= .5f;
}
