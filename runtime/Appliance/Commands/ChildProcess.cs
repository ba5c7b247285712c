using System.Diagnostics;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>A program the demo starts and ends: asked by SIGTERM, then made to. Its words go to a file.</summary>
sealed class ChildProcess : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    readonly Process _process;
    readonly TextWriter _log;

    ChildProcess(Process process, TextWriter log) => (_process, _log) = (process, log);

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <exception cref="FileNotFoundException">the program is not on this machine</exception>
    public static ChildProcess Start(string program, string[] words, string logFile)
    {
        var start = new ProcessStartInfo(program, words)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        var process = new Process { StartInfo = start };
        var log = TextWriter.Synchronized(new StreamWriter(logFile) { AutoFlush = true });
        process.OutputDataReceived += (_, line) => { if (line.Data is { } text) log.WriteLine(text); };
        process.ErrorDataReceived += (_, line) => { if (line.Data is { } text) log.WriteLine(text); };
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new ChildProcess(process, log);
    }

    /// <summary>Asks it to end and waits.</summary>
    /// <returns>whether it ended by itself</returns>
    public async Task<bool> StopAsync()
    {
        if (!_process.HasExited)
        {
            using var asking = Process.Start("/bin/sh", ["-c", $"kill -TERM {Id}"]);
            await asking.WaitForExitAsync();
        }

        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
        await _log.DisposeAsync(); // after the process: its last words are written by then
    }
}
