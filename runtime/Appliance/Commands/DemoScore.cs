using EdgeAppliance.Drivers.Twin;
using EdgeAppliance.Runtime.Annotation;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>Labels against the truth so far. Null: nothing of the kind was there to be judged.</summary>
/// <param name="Judged">labels compared</param>
/// <param name="Right">of them right</param>
/// <param name="Due">instances a label was due for, after the association's warm-up</param>
/// <param name="Labelled">of them labelled rightly</param>
/// <param name="DueEver">instances due with the warm-up counted too</param>
/// <param name="LabelledEver">of them labelled rightly</param>
readonly record struct LabelScore(
    long Frames, long Judged, long Right, long Due, long Labelled, long DueEver, long LabelledEver)
{
    public double? Precision => Judged == 0 ? null : (double)Right / Judged;

    public double? Recall => Due == 0 ? null : (double)Labelled / Due;

    public double? RecallEver => DueEver == 0 ? null : (double)LabelledEver / DueEver;
}

/// <summary>
/// Compares labels with the twin's truth, every fifth frame. A label is right when an actor is there that carries that
/// very tag, is of that class, and overlaps its box with IoU >= .5. A label is due for an actor that carries a tag,
/// shows at least half of itself, is at least 32 pixels high and lies wholly inside the picture. The warm-up is the
/// time an association cannot be faster than: one window and the windows that must agree; it counts from when the
/// actor came into sight, and anew when it was out of sight longer than a track is kept.
/// </summary>
/// <param name="truthAt">the truth of a frame's stream time</param>
sealed class DemoScore(Func<TimeSpan, IReadOnlyList<TwinTruth>> truthAt, TimeSpan warmUp, TimeSpan trackKept)
{
    public const int EveryFrames = 5;
    public const float IouMin = 0.5f;
    public const double VisibilityMin = 0.5;
    public const int HeightMin = 32;
    const int BorderPx = 2;

    readonly Lock _gate = new();
    readonly Dictionary<int, (TimeSpan Came, TimeSpan Seen)> _inSight = [];
    readonly List<TwinTruth> _missed = [];
    LabelScore _score;
    long _frame;

    public static string Definition { get; } =
        $"A label is right when an actor carrying that tag, of that class, overlaps its box with IoU >= {IouMin}; "
        + $"judged on every {EveryFrames}th frame. Recall: of actors with a tag, >= {VisibilityMin:P0} visible, "
        + $">= {HeightMin} px high, wholly in the picture, and in sight for longer than the association's warm-up.";

    /// <summary>Actors a label was due for in the frame noted last, that got no right one.</summary>
    public IReadOnlyList<TwinTruth> Missed => _missed;

    public LabelScore Score { get { lock (_gate) return _score; } }

    /// <summary>As the settings' association and tracker make it.</summary>
    public static DemoScore For(ApplianceSettings settings, TwinWorld world) => new(
        world.TruthAt, WarmUp(settings.Fusion), TimeSpan.FromSeconds(settings.Tracking.LostS));

    public void Note(in Annotated seen)
    {
        _missed.Clear();
        if (_frame++ % EveryFrames != 0) return;
        var at = seen.Frame.StreamTime;
        var truth = truthAt(at);
        long judged = 0, right = 0, due = 0, labelled = 0, dueEver = 0, labelledEver = 0;
        var found = new HashSet<int>();
        foreach (var label in seen.Annotations)
        {
            judged++;
            if (ActorOf(label, truth) is not { } actor) continue;
            right++;
            found.Add(actor);
        }

        foreach (var actor in truth)
        {
            if (actor.Tag is null || actor.Visibility < VisibilityMin) continue;
            bool isWarm = at - CameIntoSight(actor.Id, at) >= warmUp;
            if (!IsWhole(actor.WholeBox, seen.Frame.Format.Width, seen.Frame.Format.Height)) continue;
            bool isFound = found.Contains(actor.Id);
            dueEver++;
            if (isFound) labelledEver++;
            if (!isWarm) continue;
            due++;
            if (isFound) labelled++;
            else _missed.Add(actor);
        }

        Add(new LabelScore(1, judged, right, due, labelled, dueEver, labelledEver));
    }

    static int? ActorOf(in AnnotatedBox label, IReadOnlyList<TwinTruth> truth)
    {
        foreach (var actor in truth)
        {
            var box = new Box(actor.Box.Left, actor.Box.Top, actor.Box.Right, actor.Box.Bottom);
            bool isRight = actor.Tag == label.Match.Tag && actor.Class == label.Class
                && label.Box.IouWith(box) >= IouMin;
            if (isRight) return actor.Id;
        }

        return null;
    }

    static TimeSpan WarmUp(FusionSettings fusion) => TimeSpan.FromSeconds(
        fusion.WindowS + ((fusion.AgreeWindows - 1) * fusion.StepS));

    static bool IsWhole(TwinBox box, int width, int height) =>
        box.Height >= HeightMin && box.Left >= BorderPx && box.Top >= BorderPx
        && box.Right <= width - BorderPx && box.Bottom <= height - BorderPx;

    TimeSpan CameIntoSight(int actor, TimeSpan at)
    {
        bool isNew = !_inSight.TryGetValue(actor, out var known) || at - known.Seen > trackKept;
        var came = isNew ? at : known.Came;
        _inSight[actor] = (came, at);
        return came;
    }

    void Add(in LabelScore more)
    {
        lock (_gate)
        {
            _score = new LabelScore(
                _score.Frames + more.Frames, _score.Judged + more.Judged, _score.Right + more.Right,
                _score.Due + more.Due, _score.Labelled + more.Labelled,
                _score.DueEver + more.DueEver, _score.LabelledEver + more.LabelledEver);
        }
    }
}
