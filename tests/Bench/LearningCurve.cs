using System.Security.Cryptography;
using System.Text.Json;
using EdgeAppliance.Onnx;
using EdgeAppliance.Onnx.Losses;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Training;

namespace EdgeAppliance.Bench;

/// <summary>
/// The small classifier of <c>tests/Tests/Unit/golden/training</c>, trained here from the weights, on the crops, in the
/// order and by the rule that PyTorch had.
/// </summary>
sealed class LearningCurve : IDisposable
{
    const int TrainSeed = 300, TestSeed = 900, TestBatch = 100;

    readonly JsonDocument _json;
    readonly TrainingStep _step;
    readonly Trainer _trainer;
    readonly SplitMix64 _random;
    readonly byte[] _pixels;
    readonly int[] _labels;
    int[] _order = [];

    /// <param name="root">of the repository</param>
    public LearningCurve(string root, int threads, Provider provider = Provider.Cpu)
    {
        string folder = Path.Combine(root, "tests", "Tests", "Unit", "golden", "training");
        _json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "curve.json")));
        (_pixels, _labels) = TwinCrops.Make(TrainSeed, Data("train"));
        string wanted = _json.RootElement.GetProperty("data").GetProperty("trainSha256").GetString()!;
        if (Convert.ToHexStringLower(SHA256.HashData(_pixels)) != wanted)
        {
            throw new InvalidDataException("the crops drawn here are not those that PyTorch had: "
                + "this processor rounds otherwise");
        }
        var rule = _json.RootElement.GetProperty("optimiser");
        _step = TrainingStep.Make(OnnxModel.Load(Path.Combine(folder, "initial.onnx")),
            c => c[0].CategoricalCrossEntropy(c.Target("labels", ElementType.Int64, c[0].Shape[0])), new TrainingOptions
            {
                Optimiser = new Sgd { Momentum = rule.GetProperty("momentum").GetDouble() },
                WeightDecay = rule.GetProperty("weightDecay").GetDouble(),
                InputShapes = new Dictionary<string, long[]>
                {
                    ["images"] = [Batch, 3, TwinCrops.Side,
                    TwinCrops.Side]
                },
            });
        _trainer = Trainer.Open(_step, LearningRates.Cosine(rule.GetProperty("peakRate").GetDouble(),
            rule.GetProperty("warmUpSteps").GetInt64(), (long)StepsPerEpoch * Epochs), Wishes(threads, provider));
        BenchArguments.Insist(_trainer.Refused);
        _random = new SplitMix64(_json.RootElement.GetProperty("order").GetProperty("seed").GetUInt64());
    }

    public int Epochs => _json.RootElement.GetProperty("epochCount").GetInt32();

    public int StepsPerEpoch => _json.RootElement.GetProperty("stepsPerEpoch").GetInt32();

    int Batch => _json.RootElement.GetProperty("batch").GetInt32();

    /// <summary>PyTorch's loss at each of the first steps.</summary>
    public IReadOnlyList<double> FirstLosses =>
        [.. _json.RootElement.GetProperty("firstLosses").EnumerateArray().Select(v => v.GetDouble())];

    /// <summary>PyTorch's accuracy after each epoch.</summary>
    public IReadOnlyList<double> Accuracies =>
        [.. _json.RootElement.GetProperty("epochs").EnumerateArray().Select(e =>
            e.GetProperty("testAccuracy").GetDouble())];

    int Data(string what) => _json.RootElement.GetProperty("data").GetProperty(what).GetInt32();

    static SessionWishes Wishes(int threads, Provider provider = Provider.Cpu) => new()
    {
        Role = SessionRole.Training,
        Providers = [provider],
        FullPrecision = true,
        Threads = threads,
        Spinning = threads > 1,
        PlansMemory = true,
        CountNodes = false,
    };

    /// <summary>One step of an epoch; the loss before it.</summary>
    public double Step(int number)
    {
        if (number % StepsPerEpoch == 0) _order = _random.Shuffled(_labels.Length);
        var images = _trainer.Floats("images");
        for (int i = 0; i < Batch; i++)
        {
            int which = _order[number % StepsPerEpoch * Batch + i];
            _trainer.Integers("labels")[i] = _labels[which];
            Fill(images.Slice(i * TwinCrops.PixelBytes, TwinCrops.PixelBytes), _pixels, which);
        }

        return _trainer.Step().Loss;
    }

    static void Fill(Span<float> image, byte[] pixels, int which)
    {
        int from = which * TwinCrops.PixelBytes;
        for (int k = 0; k < image.Length; k++) image[k] = (pixels[from + k] / 255f - 0.5f) / 0.25f;
    }

    /// <summary>The part of the test's crops that the network, as it is now, tells right.</summary>
    public double Accuracy()
    {
        var (pixels, labels) = _test ??= TwinCrops.Make(TestSeed, Data("test"));
        using var session = OnnxSession.Open("classifier", _trainer.Export().ToBytes(), Wishes(1) with
        {
            InputShapes = new Dictionary<string, long[]>
            {
                ["images"] = [TestBatch, 3, TwinCrops.Side,
                TwinCrops.Side]
            },
        });
        int right = 0;
        for (int first = 0; first + TestBatch <= labels.Length; first += TestBatch)
        {
            for (int i = 0; i < TestBatch; i++)
                Fill(session.Input(0).Slice(i * TwinCrops.PixelBytes, TwinCrops.PixelBytes), pixels, first + i);
            session.Run();
            var logits = session.Output(0);
            int classes = logits.Length / TestBatch;
            for (int i = 0; i < TestBatch; i++)
            {
                var row = logits.Slice(i * classes, classes);
                int best = 0;
                for (int k = 1; k < classes; k++) if (row[k] > row[best]) best = k;
                if (best == labels[first + i]) right++;
            }
        }

        return (double)right / labels.Length;
    }

    (byte[] Pixels, int[] Labels)? _test;

    public void Dispose()
    {
        _trainer.Dispose();
        _json.Dispose();
    }
}
