using System.CommandLine;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime.Commands;

/// <summary><c>demo</c>: broker, endpoint and appliance on the twin, for a while; what came of it as a table.</summary>
static class DemoCommand
{
    public static Command Create(TextWriter output, TextWriter errors)
    {
        var command = new Command("demo", "The whole loop on a simulated yard: broker, endpoint, appliance, summary.");
        var seconds = new Option<double>("--seconds")
        {
            Description = "how long (0: until it is told to stop)",
            DefaultValueFactory = _ => 60,
        };
        var headless = new Option<bool>("--headless") { Description = "plain lines, on a terminal too" };
        var seed = new Option<int>("--seed") { Description = "of the yard", DefaultValueFactory = _ => 1 };
        var endpoint = new Option<string?>("--endpoint") { Description = "edge-retrain; else the one beside this" };
        var folder = new Option<string?>("--out") { Description = "folder of the run; else a new one, which is named" };
        var port = new Option<int>("--port") { Description = "of the status page; 0: a free one" };
        foreach (Option option in (Option[])[seconds, headless, seed, endpoint, folder, port]) command.Add(option);
        command.SetAction((words, stop) => RunAsync(
            new DemoWishes(
                TimeSpan.FromSeconds(words.GetValue(seconds)), words.GetValue(headless), words.GetValue(seed),
                words.GetValue(endpoint), words.GetValue(folder), words.GetValue(port)),
            output, errors, stop));
        return command;
    }

    static async Task<int> RunAsync(DemoWishes wishes, TextWriter output, TextWriter errors, CancellationToken stop)
    {
        string folder = Path.GetFullPath(wishes.Folder
            ?? Path.Combine(Path.GetTempPath(), $"edge-appliance-demo-{DateTime.UtcNow:yyyyMMdd-HHmmss}"));
        Directory.CreateDirectory(folder);
        var (broker, port) = await DemoBroker.StartAsync(Path.Combine(folder, "broker"), stop);
        await using var brokerProcess = broker;
        var endpoint = new DemoEndpoint(wishes.Endpoint, folder, port);
        await using var endpointProcess = endpoint.Start();
        using var logs = ConsoleLog.Create(LogLevel.Warning);
        DemoResult result;
        await using (var outfit = await Outfit.OpenAsync(
            SettingsOf(wishes, folder, port), folder, untilEnd: false, logs.CreateLogger("edge-appliance"), stop))
        {
            output.WriteLine($"broker on port {port}, data set in {endpoint.Dataset}");
            result = await RunAsync(outfit, wishes, output, errors, stop);
        }

        await endpointProcess.StopAsync(); // writes the data set's COCO file
        result = result with { DataSet = await endpoint.CountAsync(), Coco = CocoCheck.Read(endpoint.Dataset) };
        result.Write(folder, output);
        return result.IsGood(output) ? ExitStatus.Ok : ExitStatus.Failed;
    }

    static async Task<DemoResult> RunAsync(
        Outfit outfit, DemoWishes wishes, TextWriter output, TextWriter errors, CancellationToken stop)
    {
        var score = ScoreOf(outfit);
        await outfit.ServeAsync();
        output.WriteLine($"status page: {outfit.StatusUrl}");
        string Line() => RunCommand.LineOf(outfit.Snapshot());
        using (new Progress(errors, TimeSpan.FromSeconds(2), Line, wishes.IsHeadless))
        {
            await RunForAsync(outfit, wishes.Time, stop);
        }

        var summary = Summaries.Of(outfit);
        outfit.Folder!.Finish(summary);
        return new DemoResult(summary, score.Score, null, null);
    }

    static async Task RunForAsync(Outfit outfit, TimeSpan span, CancellationToken stop)
    {
        using var time = CancellationTokenSource.CreateLinkedTokenSource(stop);
        if (span > TimeSpan.Zero) time.CancelAfter(span);
        await outfit.RunAsync(time.Token);
    }

    static DemoScore ScoreOf(Outfit outfit)
    {
        var score = DemoScore.For(outfit.Settings, outfit.Devices.World!);
        outfit.Watch = seen => score.Note(seen);
        return score;
    }

    static ApplianceSettings SettingsOf(DemoWishes wishes, string folder, int port) => new()
    {
        Device = "demo",
        Camera = new CameraSettings { Uri = $"twin://yard?seed={wishes.Seed}" },
        Spool = new SpoolSettings { Folder = Path.Combine(folder, "spool") },
        Mqtt = new MqttSettings { Host = "127.0.0.1", Port = port, ReceiptTimeoutS = 5 },
        Status = new StatusSettings { Port = wishes.Port },
    };
}

/// <summary>What the demo was asked for.</summary>
sealed record DemoWishes(TimeSpan Time, bool IsHeadless, int Seed, string? Endpoint, string? Folder, int Port);
