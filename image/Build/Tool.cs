using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace EdgeAppliance.Image.Build;

/// <summary>Starts other programs. None of them ever waits on our terminal unless it is said to.</summary>
static class Tool
{
    /// <summary>A program that stays silent this long gets a line that says it is still at work.</summary>
    static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    /// <summary>The status a shell gives for a program that is not there.</summary>
    public const int NotFound = 127;

    /// <summary>Runs a program on our own terminal and waits for it. Ctrl-C and SIGTERM reach it.</summary>
    /// <returns>its exit status; 127 when it is not there</returns>
    public static int Run(string program, IEnumerable<string> words, Dictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, words) { UseShellExecute = false };
        foreach (var (name, value) in environment ?? []) start.Environment[name] = value;
        if (Start(start) is not { } child) return NotFound;
        using (child)
        using (Forward(PosixSignal.SIGTERM, "-TERM", child))
        using (Console.IsInputRedirected ? Forward(PosixSignal.SIGINT, "-INT", child) : null)
        {
            child.WaitForExit();
            return child.ExitCode;
        }
    }

    /// <summary>
    /// Runs a program whose words we read: each line goes to <paramref name="line"/>, both its streams in one order.
    /// Long silence is told on our own output as "still at work".
    /// </summary>
    public static int Read(string program, IEnumerable<string> words, Action<string> line, string? doing = null)
    {
        var start = new ProcessStartInfo(program, words)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en"; // what is read below is English
        start.Environment["LC_ALL"] = "C.UTF-8";
        if (Start(start) is not { } child) return NotFound;
        using (child)
        using (Forward(PosixSignal.SIGTERM, "-TERM", child))
        using (Console.IsInputRedirected ? Forward(PosixSignal.SIGINT, "-INT", child) : null)
        {
            child.StandardInput.Close();
            var gate = new Lock();
            var began = Stopwatch.StartNew();
            long last = 0;
            void Take(object sender, DataReceivedEventArgs said)
            {
                if (said.Data is null) return;
                lock (gate)
                {
                    last = began.ElapsedMilliseconds;
                    line(said.Data);
                }
            }

            child.OutputDataReceived += Take;
            child.ErrorDataReceived += Take;
            child.BeginOutputReadLine();
            child.BeginErrorReadLine();
            while (!child.WaitForExit(TimeSpan.FromSeconds(1)))
            {
                lock (gate)
                {
                    if (doing is null || began.ElapsedMilliseconds - last < Silence.TotalMilliseconds) continue;
                    last = began.ElapsedMilliseconds;
                    Console.WriteLine($"  {doing}: still at work after {began.Elapsed.TotalSeconds:F0} s");
                }
            }

            child.WaitForExit(); // the readers' ends too
            return child.ExitCode;
        }
    }

    /// <summary>A program's whole output, or null when it is not there or answers with a fault.</summary>
    public static string? Ask(string program, params string[] words)
    {
        var said = new List<string>();
        return Read(program, words, said.Add) == 0 ? string.Join('\n', said) : null;
    }

    /// <summary>
    /// Where a program lies: on the path, or where Debian puts daemons, which the path of a user may lack.
    /// </summary>
    public static string? Find(string program)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Concat(["/usr/sbin", "/sbin", "/usr/local/sbin"]);
        return folders.Where(f => f.Length > 0).Select(f => Path.Combine(f, program)).FirstOrDefault(File.Exists);
    }

    static Process? Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start);
        }
        catch (Win32Exception fault)
        {
            Console.Error.WriteLine($"{start.FileName}: cannot be started: {fault.Message}");
            return null;
        }
    }

    static PosixSignalRegistration Forward(PosixSignal signal, string option, Process child) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            if (!child.HasExited) Process.Start("kill", [option, $"{child.Id}"]).Dispose();
        });
}
