using System.Collections.Immutable;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Runtime.Tracking;

/// <summary>
/// Follows things from frame to frame: ByteTrack (Zhang et al., ECCV 2022). Detections with a high score are joined to
/// tracks first; those with a low one then continue tracks that found none, so a half-hidden person is not lost. Time
/// is the frames' own: dropped frames lengthen the prediction, and a lost track is kept for seconds, not frames.
/// Association does not look at classes (a detector that wavers between car and truck keeps its track); the class is
/// voted. Not thread safe; the same frames give the same tracks.
/// </summary>
sealed class Tracker(TrackingSettings settings)
{
    readonly Assignment _assignment = new();
    readonly List<Trail> _trails = [];
    readonly List<Trail> _candidates = [];
    readonly List<Detection> _seen = [];
    readonly List<int> _high = [];
    readonly List<int> _low = [];
    double[] _cost = [];
    int[] _columnOf = [];
    MonoTime? _last;
    int _nextId = 1;

    /// <summary>Tracks that could not start because <see cref="TrackingSettings.TracksMax"/> were there.</summary>
    public long Refused { get; private set; }

    /// <summary>
    /// Takes over the frame and hands it on with its tracks: those seen here, and those lost but kept.
    /// </summary>
    public Tracked Step(in Detected seen)
    {
        var at = seen.Frame.At;
        bool isFirst = Predict(at);
        Split(seen);

        Gather(trail => trail.IsConfirmed);
        Match(_high, settings.FirstCostMax, fuseScore: true, at);
        Gather(trail => trail.IsConfirmed && !trail.IsLost);
        Match(_low, settings.SecondCostMax, fuseScore: false, at);
        Gather(trail => !trail.IsConfirmed);
        Match(_high, settings.TentativeCostMax, fuseScore: true, at);

        Retire(at);
        Start(at, isFirst);
        RemoveDuplicates();
        return new Tracked(seen.Frame, Tracks(), seen.Detections, seen.Model);
    }

    /// <summary>True when nothing is followed because this is the first frame, or the first after a long gap.</summary>
    bool Predict(MonoTime at)
    {
        double seconds = _last is { } last ? (at - last).TotalSeconds : 0;
        bool isFirst = _last is null || seconds < 0 || seconds > settings.LostS;
        _last = at;
        if (isFirst) _trails.Clear();
        foreach (var trail in _trails) trail.Predict(seconds);
        return isFirst;
    }

    void Split(in Detected seen)
    {
        _seen.Clear();
        _high.Clear();
        _low.Clear();
        _seen.AddRange(seen.Detections.AsSpan());
        _seen.AddRange(seen.Weak.AsSpan());
        for (int i = 0; i < _seen.Count; i++)
        {
            if (i < seen.Detections.Length && _seen[i].Score >= settings.ScoreHigh) _high.Add(i);
            else if (_seen[i].Score >= settings.ScoreLow) _low.Add(i);
        }
    }

    void Gather(Predicate<Trail> isWanted)
    {
        _candidates.Clear();
        foreach (var trail in _trails) if (trail.Measured is null && isWanted(trail)) _candidates.Add(trail);
    }

    // Joins candidates and the listed detections; those joined leave the list.
    void Match(List<int> list, double costMax, bool fuseScore, MonoTime at)
    {
        int rows = _candidates.Count, columns = list.Count;
        if (rows == 0 || columns == 0) return;
        if (_cost.Length < rows * columns) _cost = new double[Math.Max(rows * columns, _cost.Length * 2)];
        if (_columnOf.Length < rows) _columnOf = new int[Math.Max(rows, _columnOf.Length * 2)];
        for (int row = 0, cell = 0; row < rows; row++)
        {
            var box = _candidates[row].Box;
            for (int column = 0; column < columns; column++, cell++)
            {
                var detection = _seen[list[column]];
                double iou = box.IouWith(detection.Box);
                _cost[cell] = 1 - (fuseScore ? iou * detection.Score : iou);
            }
        }

        _assignment.Solve(_cost, rows, columns, costMax, _columnOf);
        for (int row = 0; row < rows; row++)
        {
            int column = _columnOf[row];
            if (column == Assignment.None) continue;
            _candidates[row].See(_seen[list[column]], at);
            list[column] = -1;
        }

        list.RemoveAll(index => index < 0);
    }

    // What was not seen is lost; what was seen once only, or is lost for long, goes.
    void Retire(MonoTime at)
    {
        foreach (var trail in _trails) if (trail.Measured is null) trail.IsLost = true;
        _trails.RemoveAll(trail => trail.IsLost
            && (!trail.IsConfirmed || (at - trail.SeenAt).TotalSeconds > settings.LostS));
    }

    void Start(MonoTime at, bool isFirst)
    {
        foreach (int index in _high)
        {
            var detection = _seen[index];
            if (detection.Score < settings.ScoreNew || IsSeenAlready(detection.Box)) continue;
            if (_trails.Count >= settings.TracksMax)
            {
                Refused++;
                continue;
            }

            _trails.Add(new Trail(_nextId++, detection, at, isFirst));
        }
    }

    // A detector that suppresses class by class gives one thing two boxes: car and truck.
    bool IsSeenAlready(in Box box)
    {
        foreach (var trail in _trails)
        {
            if (trail.Measured is { } measured && measured.IouWith(box) > settings.DuplicateIou) return true;
        }

        return false;
    }

    // A lost track and a seen one on the same spot are one thing; the older knows more.
    void RemoveDuplicates()
    {
        for (int i = _trails.Count - 1; i >= 0; i--)
        {
            if (!_trails[i].IsLost) continue;
            for (int j = 0; j < _trails.Count; j++)
            {
                if (_trails[j].IsLost || _trails[i].Box.IouWith(_trails[j].Box) <= settings.DuplicateIou) continue;
                _trails.RemoveAt(_trails[j].Age > _trails[i].Age ? i : j);
                break;
            }

            i = Math.Min(i, _trails.Count);
        }
    }

    ImmutableArray<Track> Tracks()
    {
        int count = 0;
        foreach (var trail in _trails) if (trail.IsConfirmed) count++;
        if (count == 0) return [];
        var tracks = ImmutableArray.CreateBuilder<Track>(count);
        foreach (var trail in _trails) if (trail.IsConfirmed) tracks.Add(trail.ToTrack());
        return tracks.MoveToImmutable();
    }
}
