using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Onnx;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Tests.Unit;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Replay;

/// <summary>Real models: opened, warmed up, run.</summary>
public sealed class DetectorTests
{
    static readonly InferenceSettings Settings = new() { Threads = 1 };

    [SkippableTheory]
    [InlineData("yolox_nano", 416, 80)]
    [InlineData("fastestdet", 352, 80)]
    [InlineData("ultraface_rfb_320", 320, 1)]
    [InlineData("yolov8n_int8", 640, 80)]
    public void Each_shared_model_opens_by_its_shipped_card(string name, int width, int classes)
    {
        var model = ModelFolder.Load(SharedData.Path("detectors", name + ".onnx"));
        using var detector = Detector.Load(model, Settings, NullLogger.Instance);
        Assert.Equal(width, detector.Facts.InputWidth);
        Assert.Equal(classes, detector.Facts.Classes.Length);
        Assert.True(detector.Facts.Nodes > 20, $"{detector.Facts.Nodes} nodes counted");
        if (detector.Facts.Provider == Provider.Cpu) Assert.Equal([], detector.Facts.FellBack);

        using var pool = new FramePool(1, 640 * 480 * 2);
        using (var seen = detector.Detect(Pictures.Flat(pool,
            new FrameFormat(640, 480, ColourRange.Full, ColourMatrix.Bt601), 90, 128, 128)))
        {
            Assert.Empty(seen.Detections); // a grey wall
            Assert.Equal(model.ShortHash, seen.Model);
        }

        Assert.Equal(0, pool.Held);
    }
}
