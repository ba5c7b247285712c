using System.Diagnostics;
using EdgeAppliance.Onnx.Model;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAppliance.Onnx.Training;

/// <summary>
/// Runs a <see cref="TrainingStep"/>. Weights and state stay where the runtime computes them; a step reads one set and
/// writes the other, and the sets change places. Not thread safe: one caller fills <see cref="Floats"/> and
/// <see cref="Integers"/>, calls <see cref="Step"/>, and reads what it wants to know.
/// </summary>
public sealed class Trainer : IDisposable
{
    readonly TrainingStep _step;
    readonly TrainingDevice _device;
    readonly StepRun _gradient;
    readonly StepRun? _apply;
    readonly Dictionary<string, TwinVector> _vectors = new(StringComparer.Ordinal);
    readonly Func<long, double> _rates;
    readonly long _imagesEach;
    int _batches;
    long _images;
    TimeSpan _took;
    bool _isWarm;

    Trainer(
        TrainingStep step, Func<long, double> rates, SessionWishes wishes, Provider? accelerator,
        IReadOnlyList<(Provider, string)> refused)
    {
        _step = step;
        _rates = rates;
        Provider = accelerator ?? Provider.Cpu;
        Refused = refused;
        try
        {
            _device = new TrainingDevice(accelerator, wishes);
            _gradient = new StepRun(step.Graph, wishes, accelerator);
            _apply = step.ApplyGraph is { } apply ? new StepRun(apply, wishes, accelerator) : null;
            foreach (string name in _gradient.Outputs.Concat(_apply?.Outputs ?? []).Where(IsNext))
            {
                string now = name[..^TrainingStep.NextSuffix.Length];
                if (!_vectors.ContainsKey(now)) _vectors[now] = new TwinVector(LengthOf(now), _device);
            }

            Begin();
        }
        catch
        {
            Dispose();
            throw;
        }

        string first = step.Model.Graph.Inputs[0].Name;
        _imagesEach = step.Graph.Graph.Inputs.First(i => i.Name == first).Shape![0].Known ?? 1;
    }

    static bool IsNext(string name) => name.EndsWith(TrainingStep.NextSuffix, StringComparison.Ordinal);

    int LengthOf(string vector) =>
        vector is TrainingStep.StatisticsName or TrainingStep.AverageStatisticsName
            ? _step.Statistics.Length : _step.Weights.Length;

    /// <summary>Opens it, to begin with the model's own weights.</summary>
    /// <param name="rates">the learning rate of each step, counted from 0; see <see cref="LearningRates"/></param>
    /// <exception cref="OnnxRuntimeException">the runtime refuses the graph</exception>
    /// <exception cref="DllNotFoundException">no native library</exception>
    public static Trainer Open(TrainingStep step, Func<long, double> rates, SessionWishes wishes)
    {
        // TensorRT builds an engine around weights that stay: a step's do not.
        wishes = wishes with { Providers = [.. wishes.Providers.Where(p => p != Provider.TensorRt)] };
        var (usable, refused) = SessionOpening.Usable(wishes);
        foreach (var accelerator in usable)
        {
            try { return new Trainer(step, rates, wishes, accelerator, refused); }
            catch (OnnxRuntimeException fault) { refused.Add((accelerator, SessionOpening.OneLine(fault.Message))); }
        }

        return new Trainer(step, rates, wishes, null, refused);
    }

    /// <summary>Who computes the steps.</summary>
    public Provider Provider { get; }

    /// <summary>Providers that were asked for and could not be had, with the reason.</summary>
    public IReadOnlyList<(Provider Provider, string Reason)> Refused { get; }

    /// <summary>Steps that were applied since the beginning, over checkpoints.</summary>
    public long Steps { get; private set; }

    /// <summary>Since it was opened, without the first batch, which sets things up; 0 before the second.</summary>
    public double ImagesPerSecond => _took > TimeSpan.Zero ? _images / _took.TotalSeconds : 0;

    /// <summary>An input's or a target's memory, to be filled before a step. It keeps what was written.</summary>
    public Span<float> Floats(string name) => _gradient.Floats(name);

    /// <summary>The same of 64-bit integers.</summary>
    public Span<long> Integers(string name) => _gradient.Integers(name);

    /// <summary>
    /// Learns from a batch. Where the loss or the gradient is no number, nothing moves and the result says so.
    /// </summary>
    /// <exception cref="OperationCanceledException">cancelled before the batch: nothing has changed</exception>
    public StepResult Step(CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        long from = Stopwatch.GetTimestamp();
        if (_apply is null) SetScalars(_gradient);
        _gradient.Run(_vectors);
        float loss = _gradient.Scalar(TrainingStep.LossName);
        var told = _step.Told.Skip(1).ToDictionary(name => name, name => _gradient.Scalar(name));
        var result = _apply is null ? Whole(loss, told) : Part(loss, told);
        if (_isWarm)
        {
            _images += _imagesEach;
            _took += Stopwatch.GetElapsedTime(from);
        }

        _isWarm = true;
        return result;
    }

    StepResult Whole(float loss, Dictionary<string, float> told)
    {
        float norm = _gradient.Scalar(TrainingStep.NormName);
        if (FaultOf(loss, norm) is { } fault) return new StepResult(loss, told, norm, false, fault);
        Turn(_gradient);
        Steps++;
        return new StepResult(loss, told, norm, true, null);
    }

    StepResult Part(float loss, Dictionary<string, float> told)
    {
        if (FaultOf(loss, 0) is { } fault) return new StepResult(loss, told, null, false, fault);
        Turn(_gradient);
        if (++_batches < _step.Options.Accumulate) return new StepResult(loss, told, null, false, null);
        _batches = 0;
        SetScalars(_apply!);
        _apply!.Run(_vectors);
        float norm = _apply.Scalar(TrainingStep.NormName);
        _vectors[TrainingStep.GradientName].Clear();
        if (FaultOf(loss, norm) is { } late) return new StepResult(loss, told, norm, false, late);
        Turn(_apply);
        Steps++;
        return new StepResult(loss, told, norm, true, null);
    }

    string? FaultOf(float loss, float norm)
    {
        string? what = !float.IsFinite(loss) ? $"the loss is {loss}"
            : !float.IsFinite(norm) ? $"the gradient's norm is {norm}" : null;
        return what is null ? null : $"step {Steps}: {what}: not applied, weights are as before; "
            + "look at the batch, lower the rate or shorten the gradient";
    }

    void SetScalars(StepRun run)
    {
        run.Set(TrainingStep.RateName, _rates(Steps));
        foreach (var (name, value) in _step.Options.Optimiser.Scalars.Zip(_step.Options.Optimiser.ScalarsAt(Steps + 1)))
            run.Set(name, value);
        if (_step.Options.Averaging is { } most)
            run.Set(TrainingStep.KeepName, Math.Min(most, (1.0 + Steps) / (10 + Steps)));
    }

    void Turn(StepRun run)
    {
        foreach (string name in run.Outputs.Where(IsNext)) _vectors[name[..^TrainingStep.NextSuffix.Length]].Turn();
    }

    void Begin()
    {
        float[] weights = _step.Weights.Gather(_step.Model.Graph);
        float[] statistics = _step.Statistics.Gather(_step.Model.Graph);
        foreach (var (name, vector) in _vectors)
        {
            switch (name)
            {
                case TrainingStep.WeightsName or TrainingStep.AverageName: vector.Write(weights); break;
                case TrainingStep.StatisticsName or TrainingStep.AverageStatisticsName: vector.Write(statistics); break;
                default: vector.Clear(); break;
            }
        }
    }

    /// <summary>All weights as they are now, laid out as the step's layout says.</summary>
    public float[] Weights() => _vectors[TrainingStep.WeightsName].Read();

    /// <summary>Running statistics as they are now.</summary>
    public float[] Statistics() =>
        _vectors.TryGetValue(TrainingStep.StatisticsName, out var vector) ? vector.Read() : [];

    /// <summary>The model for inference, with the same names, as it is now.</summary>
    /// <param name="averaged">with the moving averages; they have to be kept</param>
    public OnnxModel Export(bool averaged = false)
    {
        if (!averaged) return _step.ToInferenceModel(Weights(), Statistics());
        if (_step.Options.Averaging is null) throw new InvalidOperationException("no average is kept: see the options");
        return _step.ToInferenceModel(_vectors[TrainingStep.AverageName].Read(),
            _vectors.TryGetValue(TrainingStep.AverageStatisticsName, out var vector) ? vector.Read() : []);
    }

    /// <summary>Writes all there is to go on from here, whole or not at all.</summary>
    public void Save(string path) => new Checkpoint(_step.Fingerprint(), Steps, _batches,
        [.. _vectors.OrderBy(v => v.Key, StringComparer.Ordinal)
            .Select(v => KeyValuePair.Create(v.Key, v.Value.Read()))])
        .Save(path);

    /// <summary>Goes on from a checkpoint: the next steps are bit by bit those that would have followed.</summary>
    /// <exception cref="InvalidDataException">damaged, or of another model or way to learn: nothing has
    /// changed</exception>
    public void Load(string path)
    {
        var checkpoint = Checkpoint.Load(path);
        if (checkpoint.Fingerprint != _step.Fingerprint())
            throw new InvalidDataException($"{path}: a checkpoint of another model, or of another way to learn");
        foreach (var (name, numbers) in checkpoint.Vectors)
        {
            if (!_vectors.TryGetValue(name, out var vector) || vector.Length != numbers.Length)
            {
                throw new InvalidDataException(
                    $"{path}: its vector '{name}' of {numbers.Length} numbers has no place here");
            }
        }

        foreach (var (name, numbers) in checkpoint.Vectors) _vectors[name].Write(numbers);
        Steps = checkpoint.Steps;
        _batches = checkpoint.Batches;
    }

    public void Dispose()
    {
        _gradient?.Dispose();
        _apply?.Dispose();
        foreach (var vector in _vectors.Values) vector.Dispose();
        _device?.Dispose();
    }
}
