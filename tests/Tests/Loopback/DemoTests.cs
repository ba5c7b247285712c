using System.Text.Json;
using EdgeAppliance.Runtime.Commands;

namespace EdgeAppliance.Tests.Loopback;

/// <summary>Broker, endpoint and appliance together, each the real thing.</summary>
public sealed class DemoTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("demo-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [SkippableFact]
    public async Task The_demo_ends_with_every_sample_acknowledged_and_every_link_balanced()
    {
        RealBroker.SkipWithout();
        string model = Path.Combine(AppContext.BaseDirectory, "models", "twin", "model.onnx");
        Skip.IfNot(File.Exists(model), "needs the twin's detector beside the program");
        using var output = new StringWriter();
        using var errors = new StringWriter();
        string endpoint = RealProcess.OwnProgram("cloud-sync/Retrain", "edge-retrain");
        int status = await CommandLine.RunAsync(
            ["demo", "--seconds", "20", "--headless", "--endpoint", endpoint, "--out", _folder], output, errors);

        string said = output.ToString();
        Assert.True(status == 0, said + errors);
        using var summary = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_folder, "summary.json")));
        long stored = summary.RootElement.GetProperty("stored").GetInt64();
        Assert.True(stored > 0, said);
        Assert.Equal(stored, summary.RootElement.GetProperty("acknowledged").GetInt64());
        Assert.Equal(stored, Directory.GetFiles(Path.Combine(_folder, "dataset", "images")).LongLength);
        Assert.Equal(0, summary.RootElement.GetProperty("framesHeld").GetInt32());
        Assert.Contains("status page: http://127.0.0.1:", said, StringComparison.Ordinal);
    }
}
