using System.Diagnostics;
using System.Globalization;
using EdgeAppliance.Onnx;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Training;

namespace EdgeAppliance.Retrain.Training;

/// <summary>What a training came to.</summary>
/// <param name="Model">with averaged weights, as <see cref="TwinNetwork.ForInference"/> takes it</param>
/// <param name="Views">learned from</param>
/// <param name="Steps">of each phase</param>
sealed record TrainedDetector(OnnxModel Model, long Views, IReadOnlyList<long> Steps);

/// <summary>Where a training stands.</summary>
/// <param name="Phase">from 1</param>
/// <param name="Loss">mean of the last steps</param>
sealed record TrainingProgress(
    int Phase, long Step, long Steps, float Loss, double Rate, double ViewsPerSecond, TimeSpan Elapsed)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"phase {Phase}, step {Step} of {Steps}, loss {Loss:F3}, rate {Rate:E1}, {ViewsPerSecond:F1} views/s, ")
        + string.Create(CultureInfo.InvariantCulture, $"{Elapsed.TotalSeconds:F0} s");
}

/// <summary>Trains the twin's detector from random weights, phase by phase.</summary>
sealed class DetectorTrainer
{
    readonly DetectorTraining _training;
    readonly IReadOnlyList<LabelledFrame> _frames;
    readonly Action<TrainingProgress> _tell;
    readonly long _begun = Stopwatch.GetTimestamp();

    /// <param name="frames">of the network's full size</param>
    /// <param name="tell">hears of the progress every so many steps</param>
    public DetectorTrainer(DetectorTraining training, IReadOnlyList<LabelledFrame> frames,
        Action<TrainingProgress> tell)
    {
        _training = training;
        _frames = frames;
        _tell = tell;
    }

    /// <summary>Trains, or goes on from the folder's checkpoints.</summary>
    /// <exception cref="OperationCanceledException">stopped; the folder has where it stood</exception>
    public TrainedDetector Run(CancellationToken stop = default)
    {
        var model = TwinNetwork.Make(_training.Seed, _training.Phases[0].Grid);
        long views = 0;
        List<long> steps = [];
        for (int i = 0; i < _training.Phases.Count; i++)
        {
            var phase = _training.Phases[i];
            using var trainer = Open(i, TwinNetwork.WithWeightsOf(model, phase.Grid));
            Learn(i, trainer, stop);
            views += trainer.Steps * phase.Batch;
            steps.Add(trainer.Steps);
            model = trainer.Export(averaged: true);
        }

        return new TrainedDetector(model, views, steps);
    }

    Trainer Open(int number, OnnxModel model)
    {
        var phase = _training.Phases[number];
        var step = TrainingStep.Make(model, DetectionLoss.For(phase.Grid, TwinNetwork.Classes), new TrainingOptions
        {
            Optimiser = new Adam(),
            WeightDecay = _training.WeightDecay,
            GradientNormMax = _training.GradientNormMax,
            Averaging = _training.Averaging,
            InputShapes = new Dictionary<string, long[]>
            {
                [TwinNetwork.Images] = [phase.Batch, DetectionGrid.Planes, phase.Grid.Height, phase.Grid.Width],
            },
        });
        var trainer = Trainer.Open(step, at => RateAt(number, at), new SessionWishes
        {
            Providers = _training.Providers,
            Threads = _training.Threads,
        });
        if (Checkpoint(number) is { } path && File.Exists(path)) trainer.Load(path);
        return trainer;
    }

    string? Checkpoint(int number) =>
        _training.Folder is { } folder ? Path.Combine(folder, $"phase-{number + 1}.training") : null;

    void Learn(int number, Trainer trainer, CancellationToken stop)
    {
        // What has a successor was done, though perhaps with fewer steps than were wanted.
        if (Checkpoint(number + 1) is { } next && File.Exists(next)) return;
        var phase = _training.Phases[number];
        using var feed = new BatchFeed(_frames, TwinNetwork.Grid, phase.Grid, phase.Batch, TwinNetwork.Classes,
            _training.Seed * 1000 + (ulong)number, trainer.Steps);
        long saved = Stopwatch.GetTimestamp();
        float mean = 0;
        while (Done(number, trainer.Steps) < 1)
        {
            if (stop.IsCancellationRequested) Save(number, trainer);
            feed.Fill(trainer);
            var result = trainer.Step(stop);
            if (!result.IsApplied) throw new InvalidDataException(result.Fault);
            mean += (result.Loss - mean) / Math.Min(_training.TellEvery, trainer.Steps);
            if (trainer.Steps % _training.TellEvery == 0) Tell(number, trainer, mean);
            if (Stopwatch.GetElapsedTime(saved) < _training.CheckpointEvery) continue;
            Save(number, trainer);
            saved = Stopwatch.GetTimestamp();
        }

        Save(number, trainer);
    }

    void Save(int number, Trainer trainer)
    {
        if (Checkpoint(number) is { } path) trainer.Save(path);
    }

    void Tell(int number, Trainer trainer, float loss) => _tell(new TrainingProgress(
        number + 1, trainer.Steps, _training.Phases[number].Steps, loss, RateAt(number, trainer.Steps),
        trainer.ImagesPerSecond, Stopwatch.GetElapsedTime(_begun)));

    /// <summary>How much of a phase is done: by steps, or by time where that is scarcer.</summary>
    double Done(int number, long steps)
    {
        var phase = _training.Phases[number];
        double bySteps = (double)steps / phase.Steps;
        if (_training.Longest is not { } longest) return bySteps;
        double before = _training.Phases.Take(number).Sum(p => p.Share);
        double byTime = (Stopwatch.GetElapsedTime(_begun) / longest - before) / phase.Share;
        return Math.Max(bySteps, byTime);
    }

    /// <summary>Rises at the beginning of a phase, and falls along half a cosine over all of them.</summary>
    double RateAt(int number, long step)
    {
        var phase = _training.Phases[number];
        double done = _training.Phases.Take(number).Sum(p => p.Share) + phase.Share * Math.Clamp(Done(number, step),
            0, 1);
        double rise = Math.Min(1, (step + 1.0) / _training.WarmUp);
        return _training.Rate * rise * (_training.RateFloor + (1 - _training.RateFloor) * (1
            + Math.Cos(Math.PI * done)) / 2);
    }
}
