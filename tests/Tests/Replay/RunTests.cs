using System.Text.Json;
using EdgeAppliance.Runtime.Commands;

namespace EdgeAppliance.Tests.Replay;

/// <summary>The whole program, in this process, on a real recording and a real detector.</summary>
public sealed class RunTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("run-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [SkippableFact]
    public async Task A_recording_is_seen_whole_and_leaves_tables_pictures_and_a_balanced_summary()
    {
        string video = SharedData.Path("videos_fixed", "one-by-one-person-detection.mp4");
        string model = SharedData.Path("detectors", "yolox_nano.onnx");
        using var output = new StringWriter();
        using var errors = new StringWriter();
        int status = await CommandLine.RunAsync(
            ["run", "--camera", $"file:{video}", "--model", model, "--until-end", "--out", _folder, "--no-page"],
            output, errors);

        Assert.True(status == 0, errors.ToString());
        using var summary = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_folder, "summary.json")));
        var run = summary.RootElement;
        long frames = run.GetProperty("frames").GetInt64();
        Assert.True(frames > 100, $"{frames} frames");
        Assert.Equal(0, run.GetProperty("framesHeld").GetInt32());
        foreach (var link in run.GetProperty("links").EnumerateArray())
        {
            Assert.True(link.GetProperty("balances").GetBoolean(), link.GetRawText());
            Assert.Equal(0, link.GetProperty("dropped").GetInt64());
        }

        long people = run.GetProperty("detectionsByClass").GetProperty("person").GetInt64();
        Assert.Equal(run.GetProperty("detections").GetInt64() + 1,
            File.ReadLines(Path.Combine(_folder, "detections.csv")).LongCount());
        Assert.True(people > frames / 2, $"{people} people in {frames} frames");
        Assert.InRange(Directory.GetFiles(Path.Combine(_folder, "frames"), "*.jpg").Length, 12, 24);
        Assert.Contains("frames held", output.ToString(), StringComparison.Ordinal);
    }
}
