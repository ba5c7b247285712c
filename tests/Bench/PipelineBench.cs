using System.Globalization;
using EdgeAppliance.Onnx;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Bench;

/// <summary>
/// What the whole chain costs beside its two unavoidable parts, on the same file and in one run: the ffmpeg program
/// decoding it to nothing, and bare session runs on the tensors the chain made of it. Each round takes all three in
/// turn; figures are medians of rounds, so a neighbour's load falls on all alike.
/// </summary>
/// <remarks>
/// Options: <c>--rounds N</c> (3), <c>--video FILE</c> one video instead of the two, <c>--minutes M</c> (10; 0 leaves
/// the memory run out), <c>--threads N</c> of a session (as the
/// appliance chooses).
/// </remarks>
static class PipelineBench
{
    /// <summary>A shorter recording is repeated to so many frames, for all three alike.</summary>
    const int FramesMin = 480;

    /// <summary>Frames until code is compiled to its end and buffers have their size.</summary>
    const int WarmUp = 100;

    static readonly string[] Videos =
        ["videos_fixed/one-by-one-person-detection.mp4", "towncentre/towncentre_excerpt.mp4"];

    public static int Run(BenchArguments arguments)
    {
        var report = new Report(arguments.Name);
        string model = Path.Combine(arguments.Data, "detectors", "yolox_nano.onnx");
        int rounds = Number(arguments, "--rounds", 3);
        int threads = Number(arguments, "--threads", 0);
        string folder = Directory.CreateTempSubdirectory("bench-pipeline-").FullName;
        try
        {
            string[] videos = arguments.After("--video") is { } one
                ? [one]
                : [.. Videos.Select(video => Path.Combine(arguments.Data, video))];
            foreach (string video in videos) Measure(report, video, model, folder, rounds, threads);
            int minutes = Number(arguments, "--minutes", 10);
            if (minutes > 0) new ChildRun(report, folder).Measure(videos[0], model, TimeSpan.FromMinutes(minutes));
            return report.Finish();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static int Number(BenchArguments arguments, string option, int otherwise) =>
        arguments.After(option) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    static void Measure(Report report, string video, string model, string folder, int rounds, int threads)
    {
        string on = Path.GetFileNameWithoutExtension(video);
        string file = Repeated(video, folder);
        var passes = new List<ChainPass>();
        var decode = new List<double>();
        var bare = new List<Cost>();
        var aroundMs = new List<double>();
        for (int round = 0; round < rounds; round++)
        {
            Console.Error.WriteLine($"{on}: round {round + 1} of {rounds}");
            var pass = ChainPass.Of(file, model, folder, threads, WarmUp);
            passes.Add(pass);
            decode.Add(Cost.OfProgram("ffmpeg", "-v", "error", "-i", file, "-f", "null", "-").CpuS / pass.Frames);
            var around = AroundPass.Of(file, model, threads, WarmUp);
            aroundMs.Add(around.MeanMs);
            bare.Add(BareRuns(model, around.Tensors, threads));
        }

        double decodeMs = 1e3 * Cost.Median(decode);
        double runMs = 1e3 * Cost.Median(bare.Select(cost => cost.CpuS));
        double chainMs = 1e3 * Cost.Median(passes.Select(pass => pass.CpuS));
        double rate = Cost.Median(passes.Select(pass => pass.Rate));
        double allowed = Environment.ProcessorCount / ((decodeMs + runMs) / 1e3);
        report.Add("frames", passes[0].Frames, "frames", "", on);
        report.Add("cpu_ffmpeg_decode", decodeMs, "ms/frame", "", on);
        report.Add("cpu_bare_run", runMs, "ms/frame", "", on);
        report.Add("cpu_pipeline", chainMs, "ms/frame", "", on);
        report.Add("cpu_ratio", Cost.Median(passes.Select((pass, i) => pass.CpuS / (decode[i] + bare[i].CpuS))), "1",
            "<=1.20", on);
        report.Add("wall_bare_run", 1e3 * Cost.Median(bare.Select(cost => cost.WallS)), "ms/frame", "", on);
        report.Add("frame_rate", rate, "1/s", "", on);
        report.Add("frame_rate_of_allowed", rate / allowed, "1", ">=0.85", on);
        report.Add("around_the_model", Cost.Median(aroundMs), "ms/frame", "<=2", on);
        report.Add("frames_held_at_end", passes.Max(pass => pass.Held), "frames", "=0", on);
    }

    /// <summary>Bare runs over tensors the chain's own preprocessing made; filling them is not counted.</summary>
    /// <returns>of one run</returns>
    static Cost BareRuns(string model, IReadOnlyList<float[]> tensors, int threads)
    {
        const int RunsEach = 20;
        var folder = ModelFolder.Load(model);
        using var session = OnnxSession.Open("bare", folder.Onnx, new SessionWishes { Threads = threads });
        for (int i = 0; i < RunsEach; i++) session.Run();
        double cpu = 0, wall = 0;
        foreach (float[] tensor in tensors)
        {
            tensor.CopyTo(session.Input(0));
            var cost = Cost.Of(() =>
            {
                for (int i = 0; i < RunsEach; i++) session.Run();
            });
            cpu += cost.CpuS;
            wall += cost.WallS;
        }

        int runs = RunsEach * tensors.Count;
        return new Cost(cpu / runs, wall / runs);
    }

    static string Repeated(string video, string folder)
    {
        int frames = FrameCount.Of(video);
        if (frames >= FramesMin) return video;
        string longer = Path.Combine(folder, Path.GetFileName(video));
        string times = (FramesMin / Math.Max(1, frames)).ToString(CultureInfo.InvariantCulture);
        Cost.OfProgram("ffmpeg", "-v", "error", "-y", "-stream_loop", times, "-i", video, "-c", "copy", longer);
        return longer;
    }
}
