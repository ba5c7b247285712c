using System.Numerics;

namespace EdgeAppliance.Drivers.Twin;

/// <summary>A straight part of a way, or a stand where it does not move.</summary>
/// <param name="Trip">goes up by one where the actor jumps, out of sight, to another place</param>
readonly record struct Leg(float StartS, float EndS, Vector2 From, Vector2 To, float Heading, float WayM, int Trip)
{
    public Vector2 Facing { get; } = new(MathF.Cos(Heading), MathF.Sin(Heading));
}

/// <summary>
/// Where one actor is at any time: legs end to end over a day that closes on itself outside the picture, so the stance
/// is a pure function of time. Corners and starts are rounded by averaging over 0.8 s.
/// </summary>
sealed class Itinerary
{
    /// <summary>Seconds after which everything repeats; light and noise do not.</summary>
    public const float DayS = 600;

    const float RoundingS = .8f;
    const int RoundingSteps = 8;

    readonly List<Leg> _legs = [];
    Vector2 _at;
    float _startS;
    float _endS;
    float _wayM;
    int _trip;

    public void Begin(float startS, Vector2 at)
    {
        _legs.Clear();
        _startS = _endS = startS;
        _at = at;
        _wayM = 0;
    }

    public float EndS => _endS;

    public Vector2 At => _at;

    public int Count => _legs.Count;

    public void MoveTo(Vector2 to, float speedMs)
    {
        var gone = to - _at;
        float lengthM = gone.Length();
        if (lengthM < .01f) return;
        float endS = _endS + (lengthM / speedMs);
        _legs.Add(new Leg(_endS, endS, _at, to, MathF.Atan2(gone.Y, gone.X), _wayM, _trip));
        (_at, _endS, _wayM) = (to, endS, _wayM + lengthM);
    }

    public void Stay(float seconds)
    {
        float heading = _legs.Count > 0 ? _legs[^1].Heading : 0;
        _legs.Add(new Leg(_endS, _endS + seconds, _at, _at, heading, _wayM, _trip));
        _endS += seconds;
    }

    /// <summary>Jumps, out of sight, to where the next way begins.</summary>
    public void Appear(Vector2 at)
    {
        _at = at;
        _trip++;
    }

    /// <summary>Takes back everything after the first <paramref name="count"/> legs.</summary>
    public void Rewind(int count, Vector2 at)
    {
        _legs.RemoveRange(count, _legs.Count - count);
        (_endS, _at) = count > 0 ? (_legs[^1].EndS, at) : (_startS, at);
        _wayM = count > 0 ? _legs[^1].WayM + Vector2.Distance(_legs[^1].From, _legs[^1].To) : 0;
    }

    /// <summary>Cuts or fills the last leg so that the day is exactly <see cref="DayS"/> long.</summary>
    public void Close()
    {
        float end = _startS + DayS;
        if (_endS < end) Stay(end - _endS);
    }

    /// <summary>The stance at a time; it repeats after a day.</summary>
    public Stance Stance(double seconds)
    {
        double into = (seconds - _startS) % DayS;
        float t = _startS + (float)(into < 0 ? into + DayS : into);
        Vector2 position = default, facing = default;
        float way = 0, firstWay = 0, lastWay = 0;
        int leg = Find(t - (RoundingS / 2)), samples = 0, trip = _legs[Find(t)].Trip;
        for (int i = 0; i <= RoundingSteps; i++)
        {
            float s = Math.Clamp(t + (RoundingS * ((i / (float)RoundingSteps) - .5f)), _startS, _legs[^1].EndS);
            while (leg + 1 < _legs.Count && _legs[leg].EndS <= s) leg++;
            var on = _legs[leg];
            if (on.Trip != trip) continue;
            float part = on.EndS > on.StartS ? Math.Clamp((s - on.StartS) / (on.EndS - on.StartS), 0, 1) : 1;
            position += Vector2.Lerp(on.From, on.To, part);
            float here = on.WayM + (part * Vector2.Distance(on.From, on.To));
            way += here;
            if (samples++ == 0) firstWay = here;
            lastWay = here;
            facing += on.Facing;
        }

        // Facings that cancel out (a turn on the spot by half a circle) leave the last one.
        float heading = facing.LengthSquared() > 1e-3f ? MathF.Atan2(facing.Y, facing.X) : _legs[leg].Heading;
        return new Stance(position / samples, heading, (lastWay - firstWay) / RoundingS, way / samples);
    }

    int Find(float t)
    {
        int low = 0, high = _legs.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (_legs[middle].StartS <= t) low = middle;
            else high = middle - 1;
        }

        return low;
    }
}
