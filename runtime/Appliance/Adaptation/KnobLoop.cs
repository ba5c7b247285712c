using System.Collections.Immutable;
using System.Numerics;
using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Pipeline;
using Microsoft.Extensions.Logging;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>What the loop reads of the chain round it.</summary>
/// <param name="Spent">sums up to now</param>
/// <param name="RunMs">milliseconds of a run at each input size; 0 while unknown</param>
/// <param name="CameraRate">frames a second; null while unknown</param>
/// <param name="F1">under the knobs against full quality; null while too few frames tell</param>
sealed record KnobSurroundings(
    Func<SpentSoFar> Spent, Func<int, double> RunMs, Func<double?> CameraRate, Func<EstimatedF1?> F1);

/// <summary>Where a knob stands: its rung, and the ends of its ladder.</summary>
readonly record struct KnobAt(string Knob, string Rung, string Dearest, string Cheapest, double Position);

/// <summary>Where the knobs stand and why, for the status page.</summary>
/// <param name="IsTrusted">false: gradients were not borne out, and utilities are probed directly</param>
sealed record KnobView(
    ImmutableArray<KnobAt> Knobs, EstimatedF1? F1, bool IsTrusted, KnobMeters Meters, KnobBudget Budget, long Setting);

/// <summary>
/// The knobs' own thread: each second of frames becomes readings, a decision of the controller, a setting on the board
/// and a row of the trace. A probe that faults costs its readings only.
/// </summary>
/// <param name="first">where the knobs begin</param>
/// <param name="prober">null: no gradient can be taken of this model, and only the frame rate is read</param>
/// <param name="note">takes each second and the state after it</param>
sealed partial class KnobLoop(
    KnobPlan plan, ControllerState first, KnobBoard board, KnobProber? prober, KnobSurroundings round,
    Action<KnobSecond, KnobState> note, ILogger log)
{
    /// <summary>What the gradient at half size takes, in runs of the detector, before one was seen.</summary>
    const double ProbeRuns = 1.3;

    readonly KnobController _controller = new(plan.Knobs.All, plan.Rule, plan.Rule);
    readonly KnobMeterReader _meters = new(round.Spent, plan.Rule);
    readonly KnobReader _reader = new(plan.Knobs, plan.Rule, round.RunMs, round.CameraRate, plan.ScoreMin);
    readonly ProbeTrust _trust = new();
    ControllerState _state = first;
    ImmutableArray<int>? _movedFrom;
    double? _lastProbeMs;
    long _faults;
    volatile KnobView? _view;

    /// <summary>The clock, another one in tests.</summary>
    internal Func<MonoTime> Now { get; init; } = () => MonoTime.Now;

    /// <summary>From the scene's thread; one that is not yet worked off gives way to the next.</summary>
    public Link<KnobMoment> Moments { get; } = Link.Latest<KnobMoment>("knobs", 1, moment => moment.Dispose());

    /// <summary>Any thread.</summary>
    public KnobView View => _view ?? Look();

    /// <summary>One second; the knob thread's step.</summary>
    public void Step(KnobMoment moment)
    {
        using (moment)
        {
            var was = _state;
            var meters = _meters.Read(Now(), was, _movedFrom);
            var probed = Probe(moment);
            var scene = _reader.Scene(moment, was.Knobs);
            if (moment.Setting != was.Setting) scene = null;
            _state = _controller.Next(was, probed, meters, plan.Aims.Budget, plan.Aims.Price, moment.At, scene);
            board.Publish(KnobController.Of(_state));
            _movedFrom = _state.Setting == was.Setting ? null : was.Knobs.Rungs;
            _view = Look();
            note(
                new KnobSecond(moment.At, KnobController.Of(was), probed, meters, plan.Aims.Budget, plan.Aims.Price,
                    round.F1(), moment.Lost, scene),
                _state.Knobs);
        }
    }

    /// <summary>Null where the setting changed within the second: it tells of neither.</summary>
    Probed? Probe(KnobMoment moment)
    {
        var found = moment.Probe is { } probe && !_meters.IsBehind && IsAffordable() ? Probe(probe) : null;
        var readings = _reader.Read(moment, found, _state.Knobs, _meters.VideoPart);
        return moment.Setting is { } setting
            ? new Probed(setting, moment.At, readings, _reader.SeesNothing(moment)) : null;
    }

    /// <summary>A probe that would break the budget of its second yields.</summary>
    bool IsAffordable() => plan.Aims.Budget.ComputeMsPerS is not { } most
        || (_meters.Now.ComputeMsPerS ?? most) + (_lastProbeMs ?? ProbeRuns * round.RunMs(0)) <= most;

    ProbeFindings? Probe(ProbeFrame at)
    {
        if (prober is null) return null;
        try
        {
            var found = prober.Look(at, _state.Knobs, isDirect: !_trust.IsTrusted);
            Trust(at, found);
            _lastProbeMs = found.InferenceMs;
            _meters.Charge(found.InferenceMs);
            return found;
        }
        catch (Exception fault) when (fault is DeviceException or OnnxRuntimeException or InvalidDataException
            or InvalidOperationException)
        {
            if (BitOperations.IsPow2(++_faults)) LogFault(fault.Message, _faults);
            return null;
        }
    }

    void Trust(ProbeFrame at, ProbeFindings found)
    {
        if (found.Predicted is not { } predicted || at.Shown is not { } shown) return;
        if (!_trust.Note(predicted, Agreement.UtilityApart(shown, at.Full, plan.ScoreMin))) return;
        if (_trust.IsTrusted) LogRegained(_trust.Correlation ?? 0);
        else LogLost(_trust.Correlation ?? 0);
    }

    KnobView Look() => new(
        [.. plan.Knobs.Ladders.Zip(_state.Knobs.Rungs, (ladder, rung) =>
            new KnobAt(ladder.Knob, ladder[rung], ladder[0], ladder[ladder.Count - 1], ladder.PositionOf(rung)))],
        round.F1(), _trust.IsTrusted, _meters.Now, plan.Aims.Budget, _state.Setting);

    [LoggerMessage(4801, LogLevel.Warning, "no probe this second: {Reason} (time {Times})")]
    partial void LogFault(string reason, long times);

    [LoggerMessage(4802, LogLevel.Warning,
        "gradients do not tell what is lost here (correlation {Correlation:F2}): utilities are probed directly")]
    partial void LogLost(double correlation);

    [LoggerMessage(4803, LogLevel.Information, "gradients tell what is lost again (correlation {Correlation:F2})")]
    partial void LogRegained(double correlation);
}
