using EdgeAppliance.Onnx;
using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Training;

namespace EdgeAppliance.Tests.Unit.Training;

/// <summary>Training of small models.</summary>
public sealed class TrainerTests
{
    static readonly float[] Truth = [1.5f, -2, 0.5f, 0.25f];

    static Trainer OfLine(TrainingOptions options, int batch = 8, double rate = 0.1) => Trainer.Open(
        TrainingStep.Make(SmallModels.Line(), SmallModels.Squared,
            options with { InputShapes = SmallModels.Batch("x", batch, 3) }),
        LearningRates.Constant(rate), SmallModels.OneThread);

    static Trainer OfPictures(TrainingOptions options, int batch = 16, double rate = 0.05) => Trainer.Open(
        TrainingStep.Make(SmallModels.Pictures(), SmallModels.Classes,
            options with { InputShapes = SmallModels.Batch("images", batch, 2, 8, 8) }),
        LearningRates.Constant(rate), SmallModels.OneThread);

    static void FillLine(Trainer trainer, SplitMix64 random)
    {
        var x = trainer.Floats("x");
        var y = trainer.Floats("y_true");
        for (int i = 0; i < y.Length; i++)
        {
            y[i] = Truth[3];
            for (int k = 0; k < 3; k++)
            {
                x[3 * i + k] = (float)random.NextNormal();
                y[i] += x[3 * i + k] * Truth[k];
            }
        }
    }

    /// <summary>Else all of these would pass on a processor where an accelerator was to be tried.</summary>
    [Fact]
    public void Steps_are_computed_where_they_were_asked_to_be()
    {
        using var trainer = OfLine(new() { Optimiser = new Sgd() });
        Assert.Equal(TestProvider.Accelerator ?? Provider.Cpu, trainer.Provider);
        Assert.Empty(trainer.Refused);
    }

    [Fact]
    public void A_line_is_found()
    {
        using var trainer = OfLine(new() { Optimiser = new Sgd { Momentum = 0.5 } });
        var random = new SplitMix64(1);
        for (int i = 0; i < 200; i++)
        {
            FillLine(trainer, random);
            trainer.Step();
        }

        Assert.Equal(200, trainer.Steps);
        Assert.All(trainer.Weights().Zip(Truth), pair => Assert.Equal(pair.Second, pair.First, 1e-4));
        Assert.True(trainer.ImagesPerSecond > 0);
    }

    [Fact]
    public void A_small_network_with_norms_learns_forms_and_its_export_knows_them()
    {
        using var trainer = OfPictures(new() { Optimiser = new Sgd { Nesterov = true }, Averaging = 0.98 }, 32);
        var random = new SplitMix64(2);
        for (int i = 0; i < 150; i++)
        {
            SmallModels.FillPictures(trainer, random);
            var result = trainer.Step();
            Assert.True(result.IsApplied, result.Fault);
        }

        // Pictures never seen, by the exported models: norms with running statistics.
        SmallModels.FillPictures(trainer, new SplitMix64(99));
        foreach (bool averaged in new[] { false, true })
        {
            var exported = OnnxModel.Read(trainer.Export(averaged).ToBytes(), "exported");
            Assert.Equal(SmallModels.Pictures().Graph.Initializers.Select(t => t.Name),
                exported.Graph.Initializers.Select(t => t.Name));
            float[] logits = LossCheck.Run(exported,
                [("images", new([.. trainer.Floats("images").ToArray().Select(v => (double)v)], [32, 2, 8, 8]))])[0];
            long[] labels = trainer.Integers("labels").ToArray();
            int right = labels.Index().Count(l => logits.AsSpan(l.Index * 3, 3).IndexOf(
                logits.Skip(l.Index * 3).Take(3).Max()) == l.Item);
            Assert.True(right >= 30, $"{right} of 32 right, averaged: {averaged}");
        }
    }

    /// <summary>The line's loss and gradient in double.</summary>
    static double[] LineGradient(double[] w, float[] x, float[] y)
    {
        double[] g = new double[4];
        for (int i = 0; i < y.Length; i++)
        {
            double error = w[3] - y[i];
            for (int k = 0; k < 3; k++) error += w[k] * x[3 * i + k];
            for (int k = 0; k < 3; k++) g[k] += 2 * error * x[3 * i + k] / y.Length;
            g[3] += 2 * error / y.Length;
        }

        return g;
    }

    static void SameAsDouble(TrainingOptions options, Func<double[], double[], double[], long, double[]> update)
    {
        using var trainer = OfLine(options, rate: 0.05);
        var random = new SplitMix64(5);
        double[] w = [.. trainer.Weights().Select(v => (double)v)], state = new double[8];
        for (long step = 1; step <= 20; step++)
        {
            FillLine(trainer, random);
            double[] g = LineGradient(w, trainer.Floats("x").ToArray(), trainer.Floats("y_true").ToArray());
            w = update(w, g, state, step);
            trainer.Step();
            Assert.All(trainer.Weights().Zip(w), pair => Assert.Equal(pair.Second, pair.First, 2e-5));
        }
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0.9, false)]
    [InlineData(0.9, true)]
    public void Gradient_descent_moves_as_a_plain_one_in_double(double momentum, bool nesterov) => SameAsDouble(
        new()
        {
            Optimiser = new Sgd { Momentum = momentum, Nesterov = nesterov },
            WeightDecay = 0.01,
            Decays = _ => true,
        },
        (w, g, state, _) =>
        {
            for (int i = 0; i < 4; i++)
            {
                double d = g[i] + 0.01 * w[i];
                state[i] = momentum * state[i] + d;
                w[i] -= 0.05 * (nesterov ? d + momentum * state[i] : state[i]);
            }

            return w;
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Adam_moves_as_a_plain_one_in_double(bool decoupled) => SameAsDouble(
        new() { Optimiser = new Adam { IsDecoupled = decoupled }, WeightDecay = 0.1 },
        (w, g, state, step) =>
        {
            for (int i = 0; i < 4; i++)
            {
                // Only the matrix decays; the bias has one axis.
                double decay = i < 3 ? 0.1 : 0, d = g[i] + (decoupled ? 0 : decay * w[i]);
                if (decoupled) w[i] *= 1 - 0.05 * decay;
                state[i] = 0.9 * state[i] + 0.1 * d;
                state[4 + i] = 0.999 * state[4 + i] + 0.001 * d * d;
                w[i] -= 0.05 * state[i] / (1 - Math.Pow(0.9, step))
                    / (Math.Sqrt(state[4 + i] / (1 - Math.Pow(0.999, step))) + 1e-8);
            }

            return w;
        });

    [Fact]
    public void A_weight_can_have_a_rate_of_its_own() => SameAsDouble(
        new() { Optimiser = new Sgd { Momentum = 0 }, RateOf = p => p.Name == "b" ? 2 : 0.5 },
        (w, g, _, _) => [.. w.Select((v, i) => v - 0.05 * (i == 3 ? 2 : 0.5) * g[i])]);

    [Fact]
    public void Long_gradients_are_shortened_and_their_length_is_told() => SameAsDouble(
        new() { Optimiser = new Sgd { Momentum = 0 }, GradientNormMax = 0.5 },
        (w, g, _, _) =>
        {
            double norm = Math.Sqrt(g.Sum(v => v * v));
            return [.. w.Select((v, i) => v - 0.05 * g[i] * Math.Min(1, 0.5 / (norm + 1e-6)))];
        });

    [Fact]
    public void What_is_frozen_stays_bit_by_bit_and_so_do_the_statistics_of_its_norm()
    {
        using var trainer = OfPictures(new()
        {
            IsFrozen = Freeze.Prefixes("first."),
            Optimiser = new Adam(),
            WeightDecay = 0.1,
        });
        var random = new SplitMix64(3);
        for (int i = 0; i < 3; i++)
        {
            SmallModels.FillPictures(trainer, random);
            Assert.True(trainer.Step().IsApplied);
        }

        var (before, after) = (SmallModels.Pictures().Graph, trainer.Export().Graph);
        foreach (var tensor in before.Initializers.Where(t => t.Type == ElementType.Float))
        {
            bool isSame = tensor.Data.Span.SequenceEqual(after.Initializer(tensor.Name)!.Data.Span);
            Assert.True(isSame == tensor.Name.StartsWith("first.", StringComparison.Ordinal), tensor.Name);
        }
    }

    [Fact]
    public void Names_to_freeze_are_told_by_prefix_pattern_list_or_what_is_left()
    {
        Assert.True(Freeze.Prefixes("a.", "b.")("b.weight"));
        Assert.False(Freeze.Prefixes("a.")("ba."));
        Assert.True(Freeze.Matching(@"\.bias$")("x.bias"));
        Assert.False(Freeze.Matching(@"\.bias$")("x.bias.y"));
        Assert.True(Freeze.Listed(["x"])("x"));
        Assert.False(Freeze.AllBut(Freeze.Prefixes("head."))("head.weight"));
    }

    [Fact]
    public void Norms_that_do_not_learn_keep_their_statistics_and_the_loss_is_that_of_inference()
    {
        using var trainer = OfPictures(new() { NormsLearn = false });
        SmallModels.FillPictures(trainer, new SplitMix64(4));
        Assert.Empty(trainer.Statistics());
        var model = SmallModels.Pictures();
        float[] logits = LossCheck.Run(model,
            [("images", new([.. trainer.Floats("images").ToArray().Select(v => (double)v)], [16, 2, 8, 8]))])[0];
        double expected = trainer.Integers("labels").ToArray().Index().Average(l =>
            Math.Log(logits.Skip(l.Index * 3).Take(3).Sum(v => Math.Exp(v))) - logits[l.Index * 3 + (int)l.Item]);
        Assert.Equal(expected, trainer.Step().Loss, 1e-5);
    }

    [Fact]
    public void Two_halves_of_a_batch_move_the_weights_as_the_whole_does()
    {
        using var whole = OfLine(new() { Optimiser = new Adam() });
        using var halves = OfLine(new() { Optimiser = new Adam(), Accumulate = 2 }, batch: 4);
        var random = new SplitMix64(6);
        for (int step = 0; step < 5; step++)
        {
            FillLine(whole, random);
            whole.Step();
            for (int half = 0; half < 2; half++)
            {
                whole.Floats("x").Slice(half * 12, 12).CopyTo(halves.Floats("x"));
                whole.Floats("y_true").Slice(half * 4, 4).CopyTo(halves.Floats("y_true"));
                var result = halves.Step();
                Assert.Equal(half == 1, result.IsApplied);
                Assert.Equal(half == 1, result.GradientNorm is not null);
            }
        }

        Assert.Equal(5, halves.Steps);
        Assert.All(whole.Weights().Zip(halves.Weights()), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_training_that_was_stopped_goes_on_bit_by_bit(int accumulate)
    {
        var options = new TrainingOptions { Optimiser = new Adam(), Averaging = 0.99, Accumulate = accumulate };
        using var folder = new ScratchFile();
        using var straight = OfPictures(options);
        var random = new SplitMix64(8);
        Run(straight, random, 5);
        straight.Save(folder.Path);
        ulong drawn = random.State;
        Run(straight, random, 5);

        using var resumed = OfPictures(options);
        resumed.Load(folder.Path);
        Run(resumed, new SplitMix64(drawn), 5);
        Assert.Equal(straight.Steps, resumed.Steps);
        Assert.Equal(straight.Weights(), resumed.Weights());
        Assert.Equal(straight.Export(averaged: true).ToBytes(), resumed.Export(averaged: true).ToBytes());
    }

    static void Run(Trainer trainer, SplitMix64 random, int batches)
    {
        for (int i = 0; i < batches; i++)
        {
            SmallModels.FillPictures(trainer, random);
            trainer.Step();
        }
    }

    [Fact]
    public void A_checkpoint_that_is_damaged_or_anothers_is_refused_and_changes_nothing()
    {
        using var folder = new ScratchFile();
        using var trainer = OfLine(new());
        FillLine(trainer, new SplitMix64(1));
        trainer.Step();
        trainer.Save(folder.Path);
        byte[] whole = File.ReadAllBytes(folder.Path);
        float[] before = trainer.Weights();

        using var other = OfLine(new() { Optimiser = new Adam() });
        var others = Assert.Throws<InvalidDataException>(() => other.Load(folder.Path));
        Assert.Contains("of another", others.Message, StringComparison.Ordinal);
        foreach (var (at, says) in new[] { (0, "not a training's"), (7, "version"), (whole.Length / 2, "damaged") })
        {
            byte[] bytes = [.. whole];
            bytes[at] ^= 0x10;
            File.WriteAllBytes(folder.Path, bytes);
            var fault = Assert.Throws<InvalidDataException>(() => trainer.Load(folder.Path));
            Assert.Contains(says, fault.Message, StringComparison.Ordinal);
        }

        foreach (int length in new[] { 0, 5, 20, whole.Length - 1 })
        {
            File.WriteAllBytes(folder.Path, whole[..length]);
            Assert.Throws<InvalidDataException>(() => trainer.Load(folder.Path));
        }

        Assert.Equal(before, trainer.Weights());
        File.WriteAllBytes(folder.Path, whole);
        trainer.Load(folder.Path);
        Assert.Equal(1, trainer.Steps);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_loss_that_is_no_number_moves_nothing_and_is_told(int accumulate)
    {
        using var trainer = OfLine(new() { Accumulate = accumulate });
        FillLine(trainer, new SplitMix64(1));
        float[] before = trainer.Weights();
        float kept = trainer.Floats("x")[2];
        trainer.Floats("x")[2] = float.NaN;
        var result = trainer.Step();
        Assert.False(result.IsApplied);
        Assert.Contains("the loss is NaN: not applied", result.Fault, StringComparison.Ordinal);
        Assert.Equal(before, trainer.Weights());
        Assert.Equal(0, trainer.Steps);

        trainer.Floats("x")[2] = kept;
        for (int i = 0; i < accumulate; i++) result = trainer.Step();
        Assert.True(result.IsApplied);
        Assert.All(trainer.Weights(), w => Assert.True(float.IsFinite(w)));
    }

    [Fact]
    public void A_cancelled_step_is_not_begun()
    {
        using var trainer = OfLine(new());
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => trainer.Step(stop.Token));
        Assert.Equal(0, trainer.Steps);
    }

    [Fact]
    public void Further_numbers_are_told_at_every_step()
    {
        var step = TrainingStep.Make(SmallModels.Line(), c =>
        {
            c.Tell("largest", c[0].Abs().Largest());
            return SmallModels.Squared(c);
        }, new() { InputShapes = SmallModels.Batch("x", 2, 3) });
        using var trainer = Trainer.Open(step, LearningRates.Constant(0.1), SmallModels.OneThread);
        new float[] { 1, 0, 0, 0, -10, 0 }.CopyTo(trainer.Floats("x"));
        Assert.Equal(2.05f, trainer.Step().Told["largest"], 1e-5f);
    }

    [Fact]
    public void What_cannot_be_is_refused_in_words()
    {
        static string Fault(TrainingOptions options, LossOf? loss = null) => Assert.Throws<ArgumentException>(() =>
            TrainingStep.Make(SmallModels.Line(), loss ?? SmallModels.Squared, options)).Message;
        string both = Fault(new() { WeightDecay = -1, Accumulate = 0 });
        Assert.Contains("WeightDecay is -1", both, StringComparison.Ordinal);
        Assert.Contains("Accumulate is 0", both, StringComparison.Ordinal);
        Assert.Contains("all are frozen", Fault(new() { IsFrozen = _ => true }), StringComparison.Ordinal);
        Assert.Contains("'nobody'", Fault(new() { AlsoLearn = ["nobody"] }), StringComparison.Ordinal);
        Assert.Contains("a scalar is wanted", Fault(new(), c => c[0].Square()), StringComparison.Ordinal);
        string unknown = Fault(new() { InputShapes = SmallModels.Batch("z", 4, 3) });
        Assert.Contains("no input 'z'", unknown, StringComparison.Ordinal);
        string other = Fault(new() { InputShapes = SmallModels.Batch("x", 4, 5) });
        Assert.Contains("wanted is 4x5", other, StringComparison.Ordinal);
    }

    [Fact]
    public void Rates_follow_their_schedule()
    {
        var cosine = LearningRates.Cosine(0.1, warmUp: 10, steps: 100, floor: 0.02);
        Assert.Equal(0.01, cosine(0), 1e-4);
        Assert.Equal(0.1 * (0.02 + 0.98 * 0.5), cosine(50), 1e-12);
        Assert.Equal(0.002, cosine(100), 1e-12);
        Assert.Equal(0.002, cosine(1000), 1e-12);
        var stairs = LearningRates.Stairs(1, 10, 0.1);
        Assert.Equal([1, 1, 0.1, 0.01], [stairs(0), stairs(9), stairs(10), Math.Round(stairs(25), 12)]);
    }

    [Fact]
    public void A_seed_gives_the_same_weights_and_another_gives_others()
    {
        byte[] Of(ulong seed, Spread spread) => InitialWeights.Fresh(SmallModels.Pictures(), seed, spread).ToBytes();
        foreach (var spread in Enum.GetValues<Spread>())
        {
            Assert.Equal(Of(1, spread), Of(1, spread));
            Assert.NotEqual(Of(1, spread), Of(2, spread));
        }

        float[] w = InitialWeights.Fresh(SmallModels.Pictures(), 1).Graph.Initializer("second.weight")!.Floats();
        double deviation = Math.Sqrt(w.Average(v => (double)v * v));
        Assert.Equal(Math.Sqrt(2.0 / 72), deviation, 0.01);
    }

    [Fact]
    public void The_generator_gives_its_known_numbers()
    {
        // The reference's first output for seed 0 (prng.di.unimi.it/splitmix64.c).
        Assert.Equal(0xE220A8397B1DCDAFUL, new SplitMix64(0).Next());
    }
}

/// <summary>A file that is gone afterwards.</summary>
sealed class ScratchFile : IDisposable
{
    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"edge-{Guid.NewGuid():N}");

    public void Dispose() => File.Delete(Path);
}
