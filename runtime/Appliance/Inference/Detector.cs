using System.Collections.Immutable;
using System.Diagnostics;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Onnx;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>What is known of a detector before it sees a frame.</summary>
/// <param name="Model">its card's name</param>
/// <param name="Sha256">of the ONNX file</param>
/// <param name="Provider">who computes</param>
/// <param name="Reason">why it is this provider</param>
/// <param name="Nodes">nodes computed in a run; null when they could not be counted</param>
/// <param name="FellBack">nodes computed by a slower provider, by name; null with <paramref name="Nodes"/></param>
/// <param name="WarmUp">opening the model and its first runs</param>
sealed record DetectorFacts(
    string Model, string Sha256, Provider Provider, string Reason, int InputWidth, int InputHeight,
    int? Nodes, IReadOnlyList<string>? FellBack, TimeSpan WarmUp, ImmutableArray<string> Classes);

/// <summary>What the last frame cost, by part.</summary>
readonly record struct DetectorTimings(TimeSpan Preprocess, TimeSpan Run, TimeSpan Head)
{
    public TimeSpan Total => Preprocess + Run + Head;
}

/// <summary>Frames to detections: one model, one provider. Not thread safe.</summary>
sealed partial class Detector : IDisposable
{
    readonly OnnxSession _session;
    readonly Preprocessor _preprocessor;
    readonly IHead _head;
    readonly ImmutableArray<int> _outputs;
    readonly Candidates _candidates;
    readonly Reading _reading;
    readonly bool _cut;
    readonly float _toldMin;
    readonly float _iouMax;
    readonly string _hash;

    Detector(
        ModelFolder model, InferenceSettings settings, OnnxSession session, IHead head, ImmutableArray<int> outputs,
        bool asEvaluated)
    {
        var card = model.Card;
        _session = session;
        _head = head;
        _outputs = outputs;
        _preprocessor = new Preprocessor(card.Input);
        _candidates = new Candidates(settings.DetectionsMax);
        _toldMin = (float)(settings.ScoreMin ?? card.Thresholds.Score);
        _reading = new Reading(
            asEvaluated ? _toldMin : Math.Min(_toldMin, (float)settings.WeakScoreMin), asEvaluated);
        _cut = !asEvaluated;
        _iouMax = (float)(settings.NmsIouMax ?? card.Thresholds.NmsIou);
        _hash = model.ShortHash;
        Facts = new DetectorFacts(card.Name, card.Sha256, session.Provider, Reason(session), card.Input.Width,
            card.Input.Height, session.Placement?.Nodes, session.Placement?.FellBack, session.WarmUp, card.Classes);
    }

    public DetectorFacts Facts { get; }

    /// <summary>Of the last frame.</summary>
    public DetectorTimings Timings { get; private set; }

    /// <summary>What a run takes, the median of the last ones; null before the first. Any thread.</summary>
    public TimeSpan? UsualRun => _session.Times.Usual;

    /// <summary>Runs a few times on whatever the input holds.</summary>
    public void Rehearse()
    {
        const int Times = 5;
        for (int i = 0; i < Times; i++) _session.Run();
    }

    /// <summary>Opens a model for use; it has run when this returns, so the first frame waits for nothing.</summary>
    /// <exception cref="InvalidDataException">the file is no model, or not the one the card describes</exception>
    public static Detector Load(ModelFolder model, InferenceSettings settings, ILogger log) =>
        Load(model, settings, log, WishesOf(model, settings));

    /// <param name="asEvaluated">
    /// as evaluations count: every class of a place that scores enough, and boxes that may reach over the picture's
    /// edge
    /// </param>
    public static Detector Load(
        ModelFolder model, InferenceSettings settings, ILogger log, SessionWishes wishes, bool asEvaluated = false)
    {
        OnnxLibrary.LogTo(log);
        if (settings.Library is { } library && !OnnxLibrary.UseLibrary(library))
            throw new InvalidDataException($"inference.library is {library}: another one is already in use");
        var session = OnnxSession.Open(model.Path, model.Onnx, wishes);
        try
        {
            CheckInput(model.Card, session.Inputs);
            var (head, outputs) = Heads.Create(model.Card, session.Outputs);
            var detector = new Detector(model, settings, session, head, outputs, asEvaluated);
            Tell(log, detector.Facts);
            return detector;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Sees what is in a frame. Takes the frame over and hands it on inside the answer.</summary>
    public Detected Detect(Frame frame)
    {
        try
        {
            long from = Stopwatch.GetTimestamp();
            var fit = _preprocessor.Fill(frame, _session.Input(0));
            long filled = Stopwatch.GetTimestamp();
            _session.Run();
            long ran = Stopwatch.GetTimestamp();
            _candidates.Clear();
            _head.Read(new HeadTensors(_session.Output(_outputs[0]),
                _outputs.Length > 1 ? _session.Output(_outputs[1]) : default), _reading, _candidates);
            var found = _candidates.Best(_iouMax, fit, _cut);
            int told = found.Length;
            while (told > 0 && found[told - 1].Score < _toldMin) told--;
            Timings = new DetectorTimings(Stopwatch.GetElapsedTime(from, filled), Stopwatch.GetElapsedTime(filled, ran),
                Stopwatch.GetElapsedTime(ran));
            return new Detected(frame, found[..told], _hash) { Weak = found[told..] };
        }
        catch
        {
            frame.Dispose();
            throw;
        }
    }

    public void Dispose() => _session.Dispose();

    /// <summary>How a model's session is opened under these settings.</summary>
    internal static SessionWishes WishesOf(ModelFolder model, InferenceSettings settings) => new()
    {
        Providers = [.. settings.Providers.Select(ProviderNames.Find).OfType<Provider>()],
        Threads = settings.Threads,
        Spinning = settings.Spinning,
        HalfPrecision = settings.HalfPrecision,
        InputShapes = new Dictionary<string, long[]> { [model.Card.Input.Name] = InputShape(model.Card.Input) },
    };

    static long[] InputShape(CardInput input) => input.Layout == TensorLayout.Nchw
        ? [1, 3, input.Height, input.Width]
        : [1, input.Height, input.Width, 3];

    static void CheckInput(ModelCard card, IReadOnlyList<TensorShape> inputs)
    {
        if (inputs.Count == 1 && inputs[0].Name == card.Input.Name) return;
        throw new InvalidDataException($"{card.Name}: input.name is {card.Input.Name}: the model's inputs are "
            + $"{string.Join(", ", inputs)}, and a detector has exactly one");
    }

    static string Reason(OnnxSession session) => session.Refused.Count == 0
        ? "first choice"
        : string.Join("; ", session.Refused.Select(r => $"no {r.Provider.InSettings()}: {r.Reason}"));

    static void Tell(ILogger log, DetectorFacts facts)
    {
        string hash = facts.Sha256[..12], provider = facts.Provider.InSettings();
        long ms = (long)facts.WarmUp.TotalMilliseconds;
        Loaded(log, facts.Model, hash, provider, facts.Reason, facts.InputWidth, facts.InputHeight, ms);
        if (facts.FellBack is not { Count: > 0 } fellBack) return;
        string names = string.Join(", ", fellBack);
        Slower(log, facts.Model, fellBack.Count, facts.Nodes ?? 0, provider, names);
    }

    [LoggerMessage(EventId = 3100, Level = LogLevel.Information,
        Message = "model {Model} ({Hash}) runs on {Provider} ({Reason}), input {Width}x{Height}, warm after {Ms} ms")]
    static partial void Loaded(
        ILogger log, string model, string hash, string provider, string reason, int width, int height, long ms);

    [LoggerMessage(EventId = 3101, Level = LogLevel.Warning,
        Message = "model {Model}: {Count} of {Nodes} nodes do not run on {Provider}: {Names}")]
    static partial void Slower(ILogger log, string model, int count, int nodes, string provider, string names);
}
