using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Runtime.Tracking;

/// <summary>What is remembered of one track between frames.</summary>
sealed class Trail
{
    // Classes a track's detections were given; a detector that wavers among more loses the earliest say.
    const int ClassesMax = 8;

    readonly int[] _classes = new int[ClassesMax];
    readonly double[] _votes = new double[ClassesMax];
    int _classCount;
    BoxFilter _filter;

    public Trail(int id, in Detection first, MonoTime at, bool isConfirmed)
    {
        Id = id;
        _filter = new BoxFilter(first.Box);
        SeenAt = at;
        IsConfirmed = isConfirmed;
        Take(first);
    }

    public int Id { get; }

    /// <summary>Seen at least twice, or in the first frame of all.</summary>
    public bool IsConfirmed { get; private set; }

    /// <summary>When the detector last saw it.</summary>
    public MonoTime SeenAt { get; private set; }

    /// <summary>Not seen in the last frame.</summary>
    public bool IsLost { get; set; }

    public Box? Measured { get; private set; }

    public float Score { get; private set; }

    public int Age { get; private set; }

    public Box Box => _filter.Box;

    public void Predict(double seconds)
    {
        _filter.Predict(seconds, IsLost);
        Measured = null;
        Age++;
    }

    public void See(in Detection seen, MonoTime at)
    {
        _filter.Correct(seen.Box);
        SeenAt = at;
        IsLost = false;
        IsConfirmed = true;
        Take(seen);
    }

    public Track ToTrack()
    {
        double all = 0;
        int best = 0;
        for (int i = 0; i < _classCount; i++)
        {
            all += _votes[i];
            if (_votes[i] > _votes[best]) best = i;
        }

        float share = all > 0 ? (float)(_votes[best] / all) : 1;
        return new Track(Id, Box, Measured, _classes[best], share, Score, Age);
    }

    void Take(in Detection seen)
    {
        Measured = seen.Box;
        Score = seen.Score;
        int at = Array.IndexOf(_classes, seen.Class, 0, _classCount);
        if (at < 0)
        {
            at = _classCount < ClassesMax ? _classCount++ : Array.IndexOf(_votes, _votes.Min());
            _classes[at] = seen.Class;
            _votes[at] = 0;
        }

        _votes[at] += seen.Score;
    }
}
