using System.Collections.Immutable;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>What a probe found of the edges beside a setting.</summary>
/// <param name="Lost">by edge: utility that the cheaper rung loses, as a part of what there is</param>
/// <param name="Left">by edge of what is encoded: bytes of the cheaper rung over the dearer one's</param>
/// <param name="Predicted">
/// utility that the input size in force was to lose beside the model's own; null where that is in force
/// </param>
/// <param name="InferenceMs">milliseconds of the accelerator that it took</param>
sealed record ProbeFindings(
    IReadOnlyDictionary<Edge, double> Lost, IReadOnlyDictionary<Edge, double> Left, double? Predicted,
    double InferenceMs);

/// <summary>
/// Takes the gradient of the utility at a frame and tells what steps of the knobs lose, from real encodes and rescales
/// of that frame: the gradient's absolute values times the differences of the pixels (OneAdapt, section 4). At half the
/// model's input size, which costs a quarter. Where gradients are not to be trusted, the detector looks at the changed
/// frames itself. One thread.
/// </summary>
sealed partial class KnobProber : IDisposable
{
    /// <summary>Where less is seen parts of it say nothing: half a detection.</summary>
    const double WorthMin = 0.5;

    /// <summary>OneAdapt's slope of the sigmoid.</summary>
    const float Slope = 20;

    readonly KnobPlan _plan;
    readonly UtilityProbe _gradient;
    readonly Func<Detector> _open;
    readonly RungTrials _trials;
    readonly Dictionary<int, JpegFacts> _jpegs = [];
    readonly Dictionary<VideoCoding, Coded> _coded = [];
    Detector? _direct;
    double _inferenceMs;
    long _probes;

    KnobProber(KnobPlan plan, InferenceSettings settings, FramePool pool, ILogger log)
    {
        _plan = plan;
        var input = plan.Model.Card.Input;
        _gradient = new UtilityProbe(plan.Model.At(Halved(input.Width), Halved(input.Height)),
            UtilityProbe.UtilityOf(plan.Model.Card, plan.Classes));
        _open = () => Detector.Load(plan.Model, settings, log);
        _trials = new RungTrials(plan, pool);
    }

    /// <summary>Null where no gradient can be taken of the model, which is told.</summary>
    public static KnobProber? TryOpen(KnobPlan plan, InferenceSettings settings, FramePool pool, ILogger log)
    {
        try { return new KnobProber(plan, settings, pool, log); }
        catch (Exception fault) when (fault is NotSupportedException or InvalidDataException)
        {
            NoGradient(log, plan.Model.Card.Name, fault.Message);
            return null;
        }
    }

    /// <summary>A multiple of 32, as strides of detectors ask for.</summary>
    static int Halved(int side) => Math.Max(32, (int)Math.Round(side / 64.0) * 32);

    /// <param name="isDirect">the detector looks itself: a forward pass for each rung beside those in force</param>
    public ProbeFindings Look(ProbeFrame at, KnobState state, bool isDirect)
    {
        Dictionary<Edge, double> lost = [], left = [];
        _jpegs.Clear();
        _coded.Clear();
        double worth = Math.Max(WorthMin, at.Full.Sum(d => 1 / (1 + Math.Exp(-Slope * (d.Score - _plan.ScoreMin)))));
        // Also where it is not believed: only what it predicts can win trust back.
        _gradient.Look(at.Frame);
        _inferenceMs = _gradient.LastRun.TotalMilliseconds;
        int turn = VideoTurn();
        foreach (var edge in state.Neighbours(_plan.Knobs.Ladders))
        {
            var dear = state.Rungs.SetItem(edge.Knob, edge.Rung);
            var cheap = state.Rungs.SetItem(edge.Knob, edge.Rung + 1);
            switch (_plan.Knobs.NameOf(edge.Knob))
            {
                case ChainKnobs.Size:
                    lost[edge] = (OfSize(at, edge.Rung + 1, isDirect) - OfSize(at, edge.Rung, isDirect)) / worth;
                    break;
                case ChainKnobs.Quality:
                    JpegFacts fine = OfJpeg(at, edge.Rung, isDirect), coarse = OfJpeg(at, edge.Rung + 1, isDirect);
                    lost[edge] = (coarse.Lost - fine.Lost) / worth;
                    left[edge] = (double)coarse.Bytes / fine.Bytes;
                    break;
                case ChainKnobs.Quantiser or ChainKnobs.Scale or ChainKnobs.Background when edge.Knob == turn:
                    Coded a = OfCoding(at, dear, isDirect), b = OfCoding(at, cheap, isDirect);
                    lost[edge] = (b.Lost - a.Lost) / worth;
                    left[edge] = b.Bytes / a.Bytes;
                    break;
                default:
                    break; // what frames not looked at cost, no gradient tells
            }
        }

        int size = _plan.Knobs.SizeOf(state.Rungs.AsSpan());
        return new ProbeFindings(lost, left,
            size == 0 ? null : OfSize(at, size, false) - OfSize(at, 0, false), _inferenceMs);
    }

    /// <summary>
    /// One knob of the video a probe, in turn: each costs some encodes, and in rotation they do as well (measured
    /// beforehand on OneAdapt's traces: J .872 for .866 with all at once).
    /// </summary>
    int VideoTurn()
    {
        int[] knobs = [.. Enumerable.Range(0, _plan.Knobs.All.Length).Where(k => _plan.Knobs.NameOf(k)
            is ChainKnobs.Quantiser or ChainKnobs.Scale or ChainKnobs.Background)];
        return knobs.Length == 0 ? -1 : knobs[(int)(_probes++ % knobs.Length)];
    }

    public void Dispose()
    {
        _gradient.Dispose();
        _trials.Dispose();
        _direct?.Dispose();
    }

    readonly record struct JpegFacts(double Lost, long Bytes);

    readonly record struct Coded(double Lost, double Bytes);

    double OfSize(ProbeFrame at, int size, bool isDirect)
    {
        using var small = _trials.Sized(at.Frame, size);
        return Lost(at, small, isDirect);
    }

    JpegFacts OfJpeg(ProbeFrame at, int rung, bool isDirect)
    {
        if (_jpegs.TryGetValue(rung, out var known)) return known;
        using var decoded = _trials.AsSample(at.Frame, _plan.Knobs.QualityAt(rung), out long bytes);
        return _jpegs[rung] = new JpegFacts(Lost(at, decoded, isDirect), bytes);
    }

    Coded OfCoding(ProbeFrame at, ImmutableArray<int> rungs, bool isDirect)
    {
        var wanted = _plan.Knobs.CodingOf(rungs.AsSpan(), 0);
        if (_coded.TryGetValue(wanted, out var known)) return known;
        double lost = 0;
        double bytes = _trials.AsVideo(at, wanted, decoded =>
        {
            using (decoded) lost = Lost(at, decoded, isDirect);
        });
        return _coded[wanted] = new Coded(lost, bytes);
    }

    double Lost(ProbeFrame at, in Frame changed, bool isDirect)
    {
        if (!isDirect) return _gradient.Change(changed).Absolute;
        _direct ??= _open();
        using var seen = _direct.Detect(changed.Share());
        _inferenceMs += _direct.Timings.Run.TotalMilliseconds;
        float x = (float)at.Frame.Format.Width / changed.Format.Width;
        float y = (float)at.Frame.Format.Height / changed.Format.Height;
        return Agreement.UtilityApart(
            [.. seen.Detections.Concat(seen.Weak).Select(d => d with { Box = d.Box.Times(x, y) })
                .Where(d => _plan.Classes.Count == 0 || _plan.Classes.Contains(d.Class))],
            at.Full, _plan.ScoreMin, Slope);
    }

    [LoggerMessage(4813, LogLevel.Warning,
        "no gradient of {Model}: {Reason}: what input size and quality lose is not probed")]
    static partial void NoGradient(ILogger log, string model, string reason);
}
