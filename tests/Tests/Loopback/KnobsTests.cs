using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using EdgeAppliance.CloudSync.Contract;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime.Adaptation;
using EdgeAppliance.Tests.Unit;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Loopback;

/// <summary>The appliance's own program with its knobs turned, on the twin's live camera.</summary>
public sealed class KnobsTests : IDisposable
{
    const double BudgetMs = 60; // a second of 25 frames takes about 200

    const double BudgetKbit = 150; // in full quality it would be ten times as much

    static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task A_compute_budget_is_kept_shown_written_down_and_known_after_a_restart()
    {
        string model = Path.Combine(AppContext.BaseDirectory, "models", "twin", "model.onnx");
        Skip.IfNot(File.Exists(model), "needs the twin's detector beside the program");
        File.WriteAllText(_folder.File("appliance.json"), $$"""
            {
              "camera": { "uri": "twin://yard?seed=5&size=640x360" },
              "inference": { "threads": 1, "providers": ["cpu"] },
              "site": { "tags": "twin" },
              "spool": { "folder": "spool", "miBFreeMin": 0 },
              "status": { "port": 0 },
              "adaptation": { "computeMsSMax": {{BudgetMs}}, "computePrice": 0.02, "referenceShare": 0.05 }
            }
            """);
        using (var appliance = Start())
        {
            var knobs = await UntilAsync(appliance, k => k.GetProperty("framesSpared").GetInt64() > 50
                && k.GetProperty("f1").ValueKind == JsonValueKind.Number
                && k.GetProperty("computeMsS").GetDouble() <= BudgetMs);
            Assert.Equal(["frame rate", "input size", "sample quality", "frame filter"],
                knobs.GetProperty("knobs").EnumerateArray().Select(k => k.GetProperty("knob").GetString()));
            Assert.Equal(0, appliance.Stop(Long));
            Assert.Contains(appliance.Out, line => line.Contains("frames held      0", StringComparison.Ordinal));
        }

        var (ladders, seconds) = KnobTrace.Read(_folder.File("spool/knobs.csv"));
        Assert.True(seconds.Count >= 5, $"{seconds.Count} seconds");
        Assert.Contains(seconds, s => s.Probe?.Readings.Any(r => r.Edge.Knob == 0) == true);
        Assert.Contains(seconds, s => s.Loss is not null);
        string stood = ladders[0][seconds[^1].Setting.Rungs[0]];
        Assert.NotEqual("all", stood);
        using var again = Start();
        await UntilAsync(again, _ => true);
        Assert.Contains(again.Errors.Concat(again.Out), line =>
            line.Contains("beginning with frame rate", StringComparison.Ordinal)
            && !line.Contains("frame rate all", StringComparison.Ordinal));
        Assert.Equal(0, again.Stop(Long));
    }

    [SkippableFact]
    public async Task Video_goes_to_the_endpoint_within_its_budget()
    {
        RealBroker.SkipWithout();
        string model = Path.Combine(AppContext.BaseDirectory, "models", "twin", "model.onnx");
        Skip.IfNot(File.Exists(model), "needs the twin's detector beside the program");
        using var broker = new RealBroker(_folder.Path);
        broker.Start();
        File.WriteAllText(_folder.File("appliance.json"), $$"""
            {
              "device": "yard-1",
              "camera": { "uri": "twin://yard?seed=5&size=640x360" },
              "inference": { "threads": 1, "providers": ["cpu"] },
              "site": { "tags": "twin" },
              "spool": { "folder": "spool", "miBFreeMin": 0 },
              "mqtt": { "host": "127.0.0.1", "port": {{broker.Port}} },
              "video": { "enabled": true },
              "status": { "port": 0 },
              "adaptation": { "uplinkKbitSMax": {{BudgetKbit}}, "uplinkPrice": 0.01 }
            }
            """);
        using var endpoint = RealProcess.StartOwn("cloud-sync/Retrain", "edge-retrain", "ingest", "--broker",
            $"127.0.0.1:{broker.Port}", "--dataset", _folder.File("set"), "--reserve-mb", "0", "--video-mb", "16");
        using var appliance = Start();
        string shelf = _folder.File("set/video/yard-1");
        var knobs = await UntilAsync(appliance, k => Directory.Exists(shelf)
            && Directory.GetFiles(shelf, "*.h264").Length >= 12 && k.GetProperty("setting").GetInt64() > 0
            && k.GetProperty("uplinkKbitS").GetDouble() is > 0 and < BudgetKbit);
        Assert.Equal(7, knobs.GetProperty("knobs").GetArrayLength());
        Assert.Equal(0, appliance.Stop(Long));
        Assert.Equal(0, endpoint.Stop(Long));
        var segments = Directory.GetFiles(shelf, "*.json").Select(file =>
            JsonSerializer.Deserialize(File.ReadAllBytes(file), ContractJson.Default.VideoSegment)!)
            .OrderBy(s => s.Number).ToList();
        Assert.True(segments[^1].Setting > 0, $"{segments[^1]}");
        Assert.All(segments, s => Assert.InRange(s.Seconds, 0.05, 2.5));
        // Each by itself is a video of as many frames as it says.
        using var pool = new FramePool(4, 640 * 360 * 3 / 2);
        foreach (string file in Directory.GetFiles(shelf, "*.h264").TakeLast(3))
        {
            using var camera = FfmpegCamera.Open("file:" + file, new CameraOptions(), NullLogger.Instance);
            int frames = 0;
            for (; camera.Next(pool, out var frame, default) == Capture.Frame; frames++) frame.Dispose();
            string number = Path.GetFileNameWithoutExtension(file).Split('-')[1];
            Assert.Equal(frames, segments.Single(s => $"{s.Number:D8}" == number).Frames);
        }
    }

    RealProcess Start() =>
        RealProcess.StartOwn("runtime/Appliance", "edge-appliance", "run", "--config", _folder.File("appliance.json"));

    /// <summary>What the status page is told of the knobs, once it is as wanted.</summary>
    static async Task<JsonElement> UntilAsync(RealProcess appliance, Func<JsonElement, bool> isWanted)
    {
        using var web = new HttpClient();
        var last = default(JsonElement);
        for (var until = DateTime.UtcNow + Long; DateTime.UtcNow < until; await Task.Delay(200))
        {
            Assert.False(appliance.HasEnded, string.Join('\n', appliance.Errors));
            const string Told = "status page: ";
            string? url = appliance.Out.FirstOrDefault(l => l.StartsWith(Told, StringComparison.Ordinal));
            if (url is null) continue;
            using var status = await web.GetFromJsonAsync<JsonDocument>(url[Told.Length..] + "/api/status");
            if (!status!.RootElement.TryGetProperty("knobs", out var knobs)) continue;
            last = knobs.Clone();
            if (last.ValueKind == JsonValueKind.Object && isWanted(last)) return last;
        }

        throw new TimeoutException(string.Create(CultureInfo.InvariantCulture, $"the knobs stand at {last}"));
    }
}
