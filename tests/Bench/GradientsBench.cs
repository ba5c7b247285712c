using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using EdgeAppliance.Onnx;
using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Sessions;
using EdgeAppliance.Onnx.Training;
using EdgeAppliance.Retrain.Training;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Bench;

/// <summary>
/// What a gradient costs beside what it is the gradient of: time and memory of input gradients of every network in
/// <c>--data DIR/detectors</c>, and of a training step of the twin's detector, PyTorch's beside it where it is
/// installed.
/// <c>--threads N</c>: 1 for gradients, all cores for training, unless said. <c>--provider cuda</c>: on that
/// accelerator, and how far its gradients are from the processor's.
/// </summary>
static class GradientsBench
{
    const int Rounds = 25;
    const int Batch = 16;

    public static int Run(BenchArguments arguments)
    {
        if (arguments.After("--hold") is { } held) return Hold(held, arguments.Rest.Contains("--gradient"));
        if (arguments.Rest.Contains("--hold-nothing")) return Hold(null, isGradient: false);
        var report = new Report(arguments.Name);
        int? threads = arguments.After("--threads") is { } said ? int.Parse(said, CultureInfo.InvariantCulture) : null;
        if (arguments.After("--only") is null or "input")
        {
            string[] networks = Directory.GetFiles(Path.Combine(arguments.Data, "detectors"), "*.onnx");
            networks.AsSpan().Sort(StringComparer.Ordinal);
            foreach (string network in networks) InputGradient(report, network, threads ?? 1, arguments.Provider);
        }

        if (arguments.After("--only") is null or "training")
            Training(report, threads ?? Environment.ProcessorCount, arguments.Provider);
        return report.Finish();
    }

    /// <summary>
    /// OneAdapt's utility where the network has a card, the sum of squares of what it answers where not.
    /// </summary>
    static OnnxModel? GradientModel(string path)
    {
        try
        {
            return GradientGraph.Of(OnnxModel.Load(path), Card(path) is { } card ? ScoreGraph.Utility(card) : Squares);
        }
        catch (NotSupportedException fault)
        {
            Console.Error.WriteLine($"{Path.GetFileName(path)}: {fault.Message}");
            return null;
        }
    }

    static Value Squares(GraphBuilder graph) =>
        graph.Model.Graph.Outputs.Select(o => graph[o.Name].Square().Sum()).Aggregate((a, b) => a + b);

    static ModelCard? Card(string path)
    {
        try { return ModelFolder.Load(path).Card; }
        catch (InvalidDataException) { return null; }
        catch (FileNotFoundException) { return null; }
    }

    static OnnxSession Open(
        string name, byte[] model, int threads, bool plans, Provider provider = Provider.Cpu, bool fully = false) =>
        OnnxSession.Open(name, model, new SessionWishes
        {
            PlansMemory = plans,
            Providers = [provider],
            FullPrecision = fully,
            Threads = threads,
            Spinning = threads > 1,
            CountNodes = false,
        });

    static void InputGradient(Report report, string path, int threads, Provider provider)
    {
        string name = Path.GetFileNameWithoutExtension(path);
        string on = $"{name}, {On(threads, provider)}";
        if (GradientModel(path) is not { } made)
        {
            Console.WriteLine($"{name}: integers have no gradient; its twin of floats stands for it");
            return;
        }

        using (var forward = Open(name, File.ReadAllBytes(path), threads, plans: true, provider, fully: true))
        using (var gradient = Open(name + " gradient", made.ToBytes(), threads, plans: false, provider, fully: true))
        {
            BenchArguments.Insist(gradient.Refused);
            Fill(forward);
            Fill(gradient);
            var (once, whole) = InTurn(forward, gradient);
            report.Add("forward", once, "ms", "", on);
            report.Add("gradient_model/forward", whole / once, "1", "", on);
            report.Add("backward/forward", (whole - once) / once, "1", "<=2.5", on);
        }

        if (provider == Provider.Cpu) Memory(report, on, path, made);
        else
        {
            report.Add("gradient, relative error", Apart(made, provider, fully: false), "1", "", on);
            report.Add("gradient, relative error, full precision", Apart(made, provider, fully: true), "1", "<=0.01",
                on);
        }
    }

    public static string On(int threads, Provider provider) =>
        provider == Provider.Cpu ? $"{threads} thread{(threads > 1 ? "s" : "")}" : provider.InSettings();

    /// <summary>Length of the difference to the processor's gradient, as a part of its length.</summary>
    static double Apart(OnnxModel made, Provider provider, bool fully)
    {
        byte[] model = made.ToBytes();
        using var here = Open("here", model, Environment.ProcessorCount, plans: false);
        using var there = Open("there", model, 1, plans: false, provider, fully);
        Fill(here);
        Fill(there);
        here.Run();
        there.Run();
        ReadOnlySpan<float> ours = here.Output(1), theirs = there.Output(1);
        double length = 0, apart = 0;
        for (int i = 0; i < ours.Length; i++)
        {
            length += (double)ours[i] * ours[i];
            apart += ((double)ours[i] - theirs[i]) * ((double)ours[i] - theirs[i]);
        }

        return Math.Sqrt(apart / length);
    }

    /// <summary>
    /// Both models as files: what making the gradient model took is no part of what its session holds.
    /// </summary>
    static void Memory(Report report, string on, string path, OnnxModel made)
    {
        string file = Path.GetTempFileName();
        try
        {
            made.Save(file);
            if (HeldMiB("--hold-nothing") is not { } empty || HeldMiB("--hold", path) is not { } one
                || HeldMiB("--hold", file, "--gradient") is not { } both)
                return;
            report.Add("process_memory_gradient/forward", both / one, "1", "", on);
            report.Add("session_memory_forward", one - empty, "MiB", "", on);
            report.Add("session_memory_gradient/forward", (both - empty) / (one - empty), "1", "<=3", on);
        }
        finally { File.Delete(file); }
    }

    /// <summary>The same noise into both: numbers as a picture's.</summary>
    static void Fill(OnnxSession session)
    {
        var random = new Random(1);
        foreach (ref float pixel in session.Input(0)) pixel = random.NextSingle();
    }

    /// <summary>Median times; the two take turns, so that what else the machine does meets both.</summary>
    static (double Forward, double Gradient) InTurn(OnnxSession forward, OnnxSession gradient)
    {
        List<double> once = [], whole = [];
        for (int i = 0; i < Rounds; i++)
        {
            // Twice each, the second counts: the first finds the other's numbers in the caches.
            once.Add(SecondOf(forward));
            whole.Add(SecondOf(gradient));
        }

        return (Cost.Median(once), Cost.Median(whole));
    }

    static double SecondOf(OnnxSession session)
    {
        session.Run();
        session.Run();
        return session.LastRun.TotalMilliseconds;
    }

    /// <summary>
    /// Most memory a process of its own holds that opens one session and runs it; null when it failed.
    /// </summary>
    static double? HeldMiB(params string[] what)
    {
        string program = Environment.ProcessPath!;
        string[] self = Path.GetFileNameWithoutExtension(program) == "dotnet"
            ? [typeof(GradientsBench).Assembly.Location] : [];
        using var child = Process.Start(new ProcessStartInfo(program, [.. self, "gradients", .. what])
        {
            RedirectStandardOutput = true,
        })!;
        string said = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return double.TryParse(said, CultureInfo.InvariantCulture, out double mib) ? mib : null;
    }

    static int Hold(string? path, bool isGradient)
    {
        OnnxLibrary.Describe();
        if (path is null)
        {
            Console.WriteLine(Most());
            return 0;
        }

        using var session = Open(path, File.ReadAllBytes(path), 1, plans: !isGradient);
        for (int i = 0; i < 3; i++) session.Run();
        Console.WriteLine(Most());
        return 0;
    }

    /// <summary>What this process held at most, MiB.</summary>
    static string Most() => (long.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmHWM:",
        StringComparison.Ordinal))
        .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0)
        .ToString(CultureInfo.InvariantCulture);

    static void Training(Report report, int threads, Provider provider)
    {
        string on = $"twin detector, batch {Batch}, {On(threads, provider)}";
        var network = TwinNetwork.Make(seed: 1);
        var step = TrainingStep.Make(network, TwinNetwork.Loss, new TrainingOptions
        {
            Optimiser = new Adam(),
            WeightDecay = 0.03,
            InputShapes = new Dictionary<string, long[]> { [TwinNetwork.Images] = Shape },
        });
        var wishes = new SessionWishes
        {
            Providers = [provider],
            Threads = threads,
            Spinning = true,
            CountNodes = false
        };
        using var trainer = Trainer.Open(step, LearningRates.Constant(1e-4), wishes);
        BenchArguments.Insist(trainer.Refused);
        using var forward = OnnxSession.Open("twin detector", BatchNorms.Fold(Upgrade.To17(network)).ToBytes(),
            wishes with
            {
                InputShapes = new Dictionary<string, long[]> { [TwinNetwork.Images] = Shape },
            });
        Fill(forward);
        MadeUpBatch(trainer);
        List<double> steps = [], runs = [];
        for (int i = 0; i < 8; i++)
        {
            runs.Add(SecondOf(forward) / Batch);
            // The second step counts, as above: at first the other session's threads still wait in a loop for work.
            trainer.Step();
            long from = Stopwatch.GetTimestamp();
            trainer.Step();
            if (i > 0) steps.Add(Stopwatch.GetElapsedTime(from).TotalMilliseconds / Batch);
            Console.Error.WriteLine($"training: {i + 1} of 8");
        }

        double stepMs = Cost.Median(steps);
        report.Add("forward", Cost.Median(runs), "ms/image", "", on);
        report.Add("training_step", stepMs, "ms/image", "", on);
        report.Add("training_step/forward", stepMs / Cost.Median(runs), "1", "<=3.5", on);
        report.Add("training", 1000 / stepMs, "images/s", "", on);
        if (Torch(threads, provider) is not { } torch) return;
        report.Add("pytorch_training", torch, "images/s", "", on);
        report.Add("training/pytorch", 1000 / stepMs / torch, "1", ">=0.7", on);
    }

    static long[] Shape => [Batch, 3, TwinNetwork.Height, TwinNetwork.Width];

    /// <summary>Noise, and one cell in two hundred with a box of its own stride's size.</summary>
    static void MadeUpBatch(Trainer trainer)
    {
        var random = new Random(1);
        foreach (ref float pixel in trainer.Floats(TwinNetwork.Images)) pixel = random.NextSingle() * 4;
        trainer.Floats("judged").Fill(1);
        var places = TwinNetwork.Grid.Places().ToArray();
        for (int cell = 0; cell < Batch * TwinNetwork.Cells; cell += 200)
        {
            var (x, y, stride) = places[cell % TwinNetwork.Cells];
            trainer.Floats("owned")[cell] = 1;
            trainer.Floats("kinds")[cell * TwinNetwork.Classes] = 1;
            var box = trainer.Floats("boxes").Slice(4 * cell, 4);
            for (int i = 0; i < 4; i++) box[i] = ((i % 2 == 0 ? x : y) + (i < 2 ? -1 : 2)) * stride;
        }
    }

    /// <summary>PyTorch's images a second on the same network; null where it is not installed.</summary>
    static double? Torch(int threads, Provider provider)
    {
        string script = Path.Combine("tests", "Bench", "torch_step.py");
        if (!File.Exists(script)) return null;
        string python = Environment.GetEnvironmentVariable("PYTHON") ?? "/usr/bin/python3";
        using var child = Process.Start(new ProcessStartInfo(python,
            [script, "--threads", threads.ToString(CultureInfo.InvariantCulture), "--seconds", "20",
                "--device", provider.InSettings()])
        {
            RedirectStandardOutput = true,
        })!;
        string said = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        if (child.ExitCode != 0)
        {
            Console.WriteLine("PyTorch is not installed (apt install python3-torch): its figure is left out");
            return null;
        }

        using var json = JsonDocument.Parse(said);
        return json.RootElement.GetProperty("imagesPerSecond").GetDouble();
    }
}
