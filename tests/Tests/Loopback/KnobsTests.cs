using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using EdgeAppliance.Runtime.Adaptation;
using EdgeAppliance.Tests.Unit;

namespace EdgeAppliance.Tests.Loopback;

/// <summary>The appliance's own program with its knobs turned, on the twin's live camera.</summary>
public sealed class KnobsTests : IDisposable
{
    const double BudgetMs = 60; // a second of 25 frames takes about 200

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
            Assert.Equal(["frame rate", "input size", "sample quality"],
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
