using System.Diagnostics;
using System.Text.Json;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>The endpoint's process: takes the demo's samples in, and counts what it has.</summary>
sealed class DemoEndpoint
{
    readonly string _program;
    readonly string[] _before;
    readonly string _folder;
    readonly int _port;

    /// <param name="program">the program, or its assembly; null: beside this one</param>
    /// <exception cref="FileNotFoundException">no such program; says how to name it</exception>
    public DemoEndpoint(string? program, string folder, int port)
    {
        string named = program ?? Path.Combine(AppContext.BaseDirectory, "edge-retrain");
        string assembly = named.EndsWith(".dll", StringComparison.Ordinal) ? named : named + ".dll";
        if (!File.Exists(named) && !File.Exists(assembly))
        {
            throw new FileNotFoundException($"{named}: no such program: build edge-retrain and say --endpoint PATH");
        }

        // The assembly before the little program in front of it: that one looks for .NET in its own places only.
        _program = File.Exists(assembly) ? "dotnet" : named;
        _before = File.Exists(assembly) ? [assembly] : [];
        (_folder, _port) = (folder, port);
        Dataset = Path.Combine(folder, "dataset");
    }

    public string Dataset { get; }

    public ChildProcess Start() => ChildProcess.Start(_program,
        [.. _before, "ingest", "--broker", $"127.0.0.1:{_port}", "--dataset", Dataset, "--coco-every", "5"],
        Path.Combine(_folder, "endpoint.log"));

    /// <summary>Images in the data set by the endpoint's own count; null when it has none.</summary>
    public async Task<long?> CountAsync()
    {
        var start = new ProcessStartInfo(_program, [.. _before, "stats", "--dataset", Dataset, "--json"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        string text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) return null;
        using var stats = JsonDocument.Parse(text);
        return stats.RootElement.GetProperty("images").GetInt64();
    }
}
