using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace EdgeAppliance.Bench;

/// <summary>The program itself, as a user starts it: how soon it sees something, what it holds after long.</summary>
sealed class ChildRun(Report report, string folder)
{
    /// <summary>Memory is read so often.</summary>
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public void Measure(string video, string model, TimeSpan length)
    {
        string on = Path.GetFileNameWithoutExtension(video);
        // Read as fast as it can be, about a frame in 6 ms: so many repeats last longer, then it is told to stop.
        string longer = Path.Combine(folder, "long" + Path.GetExtension(video));
        int repeats = (int)(length.TotalSeconds * 400 / Math.Max(1, FrameCount.Of(video))) + 1;
        Cost.OfProgram("ffmpeg", "-v", "error", "-y", "-stream_loop", repeats.ToString(CultureInfo.InvariantCulture),
            "-i", video, "-c", "copy", longer);
        string outFolder = Path.Combine(folder, "out");
        using var child = Start(longer, model, outFolder);
        var readings = Watch(child, length);
        Stop(child);
        FirstDetection(outFolder, on);
        Memory(readings, on);
    }

    static Process Start(string video, string model, string outFolder)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "edge-appliance"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string word in (string[])
            ["run", "--camera", $"file:{video}", "--model", model, "--until-end", "--out", outFolder])
        {
            start.ArgumentList.Add(word);
        }

        var child = Process.Start(start) ?? throw new InvalidOperationException("edge-appliance could not be started");
        child.OutputDataReceived += (_, _) => { };
        child.ErrorDataReceived += (_, _) => { };
        child.BeginOutputReadLine();
        child.BeginErrorReadLine();
        return child;
    }

    static List<(double AtS, double MiB)> Watch(Process child, TimeSpan length)
    {
        var readings = new List<(double, double)>();
        long began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < length && !child.HasExited)
        {
            Thread.Sleep(Pause);
            double at = Stopwatch.GetElapsedTime(began).TotalSeconds;
            if (Cost.ResidentBytes(child.Id) is { } bytes) readings.Add((at, bytes / 1048576.0));
            if (readings.Count % 30 == 0) Console.Error.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"memory run: {at:F0} of {length.TotalSeconds:F0} s"));
        }

        return readings;
    }

    /// <summary>Asks the program to end as a service manager does.</summary>
    /// <exception cref="InvalidOperationException">it did not within 30 s</exception>
    public static void Stop(Process child)
    {
        using var asked = Process.Start("kill", ["-TERM", child.Id.ToString(CultureInfo.InvariantCulture)]);
        asked.WaitForExit();
        if (child.WaitForExit(TimeSpan.FromSeconds(30))) return;
        child.Kill();
        throw new InvalidOperationException("edge-appliance did not end within 30 s of SIGTERM");
    }

    void FirstDetection(string outFolder, string on)
    {
        using var summary = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(outFolder, "summary.json")));
        var at = summary.RootElement.GetProperty("firstDetectionS");
        double? seconds = at.ValueKind == JsonValueKind.Number ? at.GetDouble() : null;
        report.Add("start_to_first_detection", seconds, "s", "<3", on);
        report.Add("frames_in_memory_run", summary.RootElement.GetProperty("frames").GetDouble(), "frames", "", on);
    }

    /// <summary>Flat: the last fifth holds at most 5 % more than the second; the first fills buffers.</summary>
    void Memory(List<(double AtS, double MiB)> readings, string on)
    {
        int fifth = readings.Count / 5;
        if (fifth == 0)
        {
            report.Add("memory_at_end", null, "MiB", "<400", on);
            return;
        }

        double early = Cost.Median(readings.Skip(fifth).Take(fifth).Select(reading => reading.MiB));
        double late = Cost.Median(readings.TakeLast(fifth).Select(reading => reading.MiB));
        report.Add("memory_run", readings[^1].AtS, "s", "", on);
        report.Add("memory_at_end", readings[^1].MiB, "MiB", "<400", on);
        report.Add("memory_most", readings.Max(reading => reading.MiB), "MiB", "<400", on);
        report.Add("memory_growth", (late / early) - 1, "1", "<=0.05", on);
    }
}

/// <summary>Frames of a recording, by decoding it.</summary>
static class FrameCount
{
    public static int Of(string video)
    {
        using var camera = Drivers.Camera.FfmpegCamera.Open($"file:{video}", new Drivers.Camera.CameraOptions(),
            Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, default);
        using var pool = new Drivers.Memory.FramePool(1, camera.Facts.Format.Bytes);
        int frames = 0;
        while (camera.Next(pool, out var frame, default) == Drivers.Camera.Capture.Frame)
        {
            frame.Dispose();
            frames++;
        }

        return frames;
    }
}
