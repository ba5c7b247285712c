using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace EdgeAppliance.Tests.Loopback;

/// <summary>A process of its own whose lines are kept; killed by its number when the test ends.</summary>
sealed class RealProcess : IDisposable
{
    readonly Process _process;

    RealProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Keep(Out, line.Data);
        process.ErrorDataReceived += (_, line) => Keep(Errors, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public ConcurrentQueue<string> Out { get; } = new();

    public ConcurrentQueue<string> Errors { get; } = new();

    public bool HasEnded => _process.HasExited;

    public static RealProcess Start(string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        return new RealProcess(Process.Start(start)!);
    }

    /// <summary>One of our own programs from its project's output: beside the tests it would meet their packages.
    /// </summary>
    public static RealProcess StartOwn(string project, string assembly, params IEnumerable<string> arguments) =>
        Start("dotnet", [OwnProgram(project, assembly), .. arguments]);

    /// <summary>Where such a program lies, built in the same configuration as the tests.</summary>
    public static string OwnProgram(string project, string assembly)
    {
        string framework = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        string configuration = Path.GetFileName(Path.GetDirectoryName(framework))!;
        return Path.Combine(
            SharedData.Root, project, "bin", configuration, Path.GetFileName(framework), assembly + ".dll");
    }

    /// <summary>kill -9; all that it wrote before is in <see cref="Out"/> afterwards.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>SIGTERM, and waits for the end.</summary>
    public int Stop(TimeSpan most)
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"])) kill.WaitForExit();
        return WaitForEnd(most);
    }

    public int WaitForEnd(TimeSpan most)
    {
        Assert.True(_process.WaitForExit(most),
            $"still running after {most.TotalSeconds} s: {string.Join('\n', Errors.TakeLast(20))}");
        _process.WaitForExit(); // the one without a time also waits for the last lines
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited) Kill();
        _process.Dispose();
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    static void Keep(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null) lines.Enqueue(line);
    }
}
