using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Runtime.Fusion;

/// <summary>Where one track stood at the last instants, and what the windows made of it.</summary>
sealed class Walk(int trackId, int slots)
{
    readonly GroundPoint[] _points = new GroundPoint[slots];
    readonly long[] _serials = NoSerials(slots);

    public int TrackId { get; } = trackId;

    /// <summary>The frame it was last handed in with: a track the tracker gave up is forgotten.</summary>
    public long Frame { get; set; }

    /// <summary>When the detector last saw it.</summary>
    public MonoTime SeenAt { get; set; }

    /// <summary>The instant of the last doubt: what was seen up to it may have been somebody else.</summary>
    public long DoubtedAt { get; private set; } = -1;

    /// <summary>The tag the last windows agree on, not yet given.</summary>
    public string? Candidate { get; private set; }

    /// <summary>Windows in a row for <see cref="Candidate"/>, or for the match once it is given.</summary>
    public int Agreed { get; private set; }

    /// <summary>Windows in a row against the match.</summary>
    public int Against { get; private set; }

    /// <summary>The tag it carries, as far as is known.</summary>
    public TagMatch? Match { get; private set; }

    public void Put(long serial, in GroundPoint point)
    {
        _points[serial % _points.Length] = point;
        _serials[serial % _points.Length] = serial;
    }

    public bool TryAt(long serial, out GroundPoint point)
    {
        point = _points[serial % _points.Length];
        return _serials[serial % _points.Length] == serial;
    }

    /// <summary>Another window says the same; the match it stands for, to be given once there are enough.</summary>
    public void Agree(in TagMatch found)
    {
        if (Match is { } match && match.Tag == found.Tag)
        {
            Agreed++;
            Against = 0;
            Match = found with { AgreedWindows = Agreed };
            return;
        }

        Agreed = Candidate == found.Tag ? Agreed + 1 : 1;
        Candidate = found.Tag;
    }

    public void Give(in TagMatch found)
    {
        Match = found with { AgreedWindows = Agreed };
        Candidate = null;
        Against = 0;
    }

    /// <summary>A window that does not say what was said before. A match stays, weakened, until too many do.</summary>
    public void Disagree(int dropWindows)
    {
        if (Match is not { } match)
        {
            Candidate = null;
            Agreed = 0;
            return;
        }

        Agreed = 0;
        Match = match with { AgreedWindows = 0 };
        if (++Against >= dropWindows) Drop();
    }

    /// <summary>
    /// It stood behind or before another: from here on it may be somebody else, until windows agree anew.
    /// </summary>
    public void Doubt(long serial)
    {
        DoubtedAt = serial;
        Agreed = 0;
        if (Match is { } match) Match = match with { AgreedWindows = 0 };
    }

    public void Drop()
    {
        Match = null;
        Candidate = null;
        Agreed = 0;
        Against = 0;
    }

    static long[] NoSerials(int slots)
    {
        var serials = new long[slots];
        Array.Fill(serials, -1);
        return serials;
    }
}
