using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.InteropServices;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Runtime.Tracking;

namespace EdgeAppliance.Runtime.Fusion;

/// <summary>
/// Puts tracks on the floor and finds out which tag each carries, by comparing both over a window of seconds that ends
/// with the frame: where radio is late, fixes are carried ahead with the covariance they have there. Without geometry
/// or
/// tags everything is simply unknown. Not thread safe; the same frames and fixes give the same answer.
/// </summary>
sealed class Fuser
{
    // A box ending this near the frame's edge ends there because the picture does.
    const float EdgePx = 2;

    const float MingledIou = 0.5f;

    // One lost on this spot a moment ago may have gone over to the other's track; one lost for longer is a guess that
    // drifts, often of the same person, and would keep a good track in doubt for as long as it is remembered.
    const double MingledLostS = 0.2;

    // A foot behind another box is guessed by the detector: its error is taken to be so much larger.
    const float HiddenFoot = 3;

    // The clock is learnt from fixes that have readings after them: those of a second ago.
    const double SettledS = 1;

    // A smaller offset moves a walker by less than his foot point is off, and could be the camera's geometry.
    const double OffsetMinS = 0.1, OffsetSigmas = 3;

    readonly FusionSettings _settings;
    readonly CameraGeometry? _geometry;
    readonly Locator _locator;
    readonly ClockMonitor _clock;
    TagRegistry _registry;
    readonly Comparison _comparison;
    readonly Association _association;
    readonly SortedList<int, Walk> _walks = [];
    readonly MonoTime[] _instants;
    CameraGeometry? _scaled;
    MonoTime? _lastFrame;
    MonoTime _nextSample;
    MonoTime _nextWindow;
    long _serial;
    long _frame;

    /// <param name="clock">the radio's clock as it was calibrated; null: it is learnt from nothing</param>
    public Fuser(
        FusionSettings settings, CameraGeometry? geometry, Locator locator, TagRegistry registry,
        ClockPrior? clock = null)
    {
        _clock = new ClockMonitor(FrameFreedom.Shift, clock);
        _settings = settings;
        _geometry = _scaled = geometry;
        _locator = locator;
        _registry = registry;
        // A window, and slack for frames that come unevenly.
        int slots = (int)(settings.WindowS / settings.SampleS) + 4;
        _instants = new MonoTime[slots];
        _comparison = new Comparison(settings, slots);
        _association = new Association(settings);
    }

    /// <summary>
    /// Why the geometry cannot be used with this camera's frames, for the status page; null when it can.
    /// </summary>
    public string? GeometryFault { get; private set; }

    /// <summary>The geometry at the frames' own size; null without one that fits.</summary>
    public CameraGeometry? Geometry => _scaled;

    /// <summary>From the next frame on this registry is in force.</summary>
    public void Use(TagRegistry registry) => _registry = registry;

    /// <summary>
    /// The radio's clock against the camera's, by the people both see; null while nobody who is matched has walked
    /// enough to tell.
    /// </summary>
    public ClockState? Clock { get; private set; }

    /// <summary>Windows compared so far.</summary>
    public long Windows { get; private set; }

    /// <summary>Takes over the frame and hands it on with its tracks located.</summary>
    public Located Step(in Tracked tracked)
    {
        var at = tracked.Frame.At;
        if (_lastFrame is { } last && at < last) Forget();
        _lastFrame = at;
        _frame++;
        Fit(tracked.Frame.Format.Width, tracked.Frame.Format.Height);
        bool isSample = IsDue(at, ref _nextSample, _settings.SampleS);
        var located = Locate(tracked, isSample);
        if (_scaled is not null) DoubtMingled(tracked);
        if (IsDue(at, ref _nextWindow, _settings.StepS)) CompareWindow(at);
        for (int i = 0; i < located.Length; i++)
        {
            if (_walks.TryGetValue(located[i].Track.Id, out var walk))
                located[i] = located[i] with { Match = walk.Match };
        }

        FollowClock(located, at, isSample);
        return new Located(
            tracked.Frame, ImmutableCollectionsMarshal.AsImmutableArray(located), tracked.Detections,
            _locator.FixesAt(ByRadio(at)), tracked.Model, _scaled?.Name);
    }

    // The radio's time of an instant of the camera's.
    MonoTime ByRadio(MonoTime at)
    {
        if (!_settings.FollowClock || Clock is not { } clock) return at;
        bool isWorth = Math.Abs(clock.OffsetS) >= Math.Max(OffsetMinS, OffsetSigmas * clock.SigmaS);
        return isWorth ? at - TimeSpan.FromSeconds(clock.OffsetS) : at;
    }

    void FollowClock(LocatedTrack[] located, MonoTime at, bool isSample)
    {
        if (!_settings.FollowClock) return;
        for (int i = 0; isSample && i < located.Length; i++)
        {
            if (located[i].Match is not { AgreedWindows: > 0 } match) continue;
            if (located[i].Track.Measured is not null && located[i].GroundM is { } ground)
                _clock.TakeCamera(match.Tag, new TimedPlace(at.Seconds, new Vector3(ground, 0)));
            var settled = at - TimeSpan.FromSeconds(SettledS);
            if (_locator.TryFixAt(match.Tag, settled, out var fix))
                _clock.TakeRadio(match.Tag, new TimedPlace(settled.Seconds, new Vector3(fix.PositionM, 0)));
        }

        _clock.Step(at.Seconds);
        Clock = _clock.At(at.Seconds);
    }

    LocatedTrack[] Locate(in Tracked tracked, bool isSample)
    {
        if (isSample) _instants[++_serial % _instants.Length] = tracked.Frame.At;
        var located = new LocatedTrack[tracked.Tracks.Length];
        for (int i = 0; i < located.Length; i++)
        {
            var track = tracked.Tracks[i];
            var box = track.Measured ?? track.Box;
            var ground = GroundOf(box, tracked, i);
            located[i] = new LocatedTrack(track, ground?.AtM, ground?.Covariance, null) { Away = ground?.Away };
            if (_scaled is null) continue;
            var walk = WalkOf(track.Id);
            if (track.Measured is null) continue;
            walk.SeenAt = tracked.Frame.At;
            if (isSample && ground is { } point) walk.Put(_serial, point);
        }

        for (int i = _walks.Count - 1; i >= 0; i--) if (_walks.Values[i].Frame != _frame) _walks.RemoveAt(i);
        return located;
    }

    Walk WalkOf(int trackId)
    {
        if (!_walks.TryGetValue(trackId, out var walk))
        {
            walk = new Walk(trackId, _instants.Length);
            _walks.Add(trackId, walk);
        }

        walk.Frame = _frame;
        return walk;
    }

    GroundPoint? GroundOf(in Box box, in Tracked tracked, int index)
    {
        var format = tracked.Frame.Format;
        bool isCut = box.Bottom >= format.Height - EdgePx || box.Left <= EdgePx || box.Right >= format.Width - EdgePx;
        if (_scaled is null || isCut) return null;
        float sigma = (float)Math.Max(_settings.FootSigmaPx, _settings.FootSigmaHeights * box.Height);
        if (IsFootHidden(box, tracked.Tracks, index)) sigma *= HiddenFoot;
        var found = _scaled.GroundAt(box.Foot, new Vector2(sigma * sigma));
        double limit = _settings.GroundSigmaMaxM * _settings.GroundSigmaMaxM;
        return found is { } point && point.Covariance.Xx + point.Covariance.Yy <= 2 * limit ? found : null;
    }

    void DoubtMingled(in Tracked tracked)
    {
        for (int i = 0; i < tracked.Tracks.Length; i++)
        {
            var track = tracked.Tracks[i];
            if (track.Measured is { } box && IsMingled(box, tracked, i)) WalkOf(track.Id).Doubt(_serial);
        }
    }

    // Two boxes of like size on one spot: here trackers, which go by overlap, exchange people.
    bool IsMingled(in Box box, in Tracked tracked, int index)
    {
        for (int i = 0; i < tracked.Tracks.Length; i++)
        {
            var other = tracked.Tracks[i];
            if (i == index || !(box.IouWith(other.Measured ?? other.Box) > MingledIou)) continue;
            if ((tracked.Frame.At - WalkOf(other.Id).SeenAt).TotalSeconds < MingledLostS) return true;
        }

        return false;
    }

    // Something nearer stands before the foot: its own box ends lower.
    static bool IsFootHidden(in Box box, ImmutableArray<Track> tracks, int index)
    {
        var foot = box.Foot;
        for (int i = 0; i < tracks.Length; i++)
        {
            if (i == index || tracks[i].Measured is not { } other) continue;
            if (other.Bottom > foot.Y && other.Top < foot.Y && other.Left < foot.X && other.Right > foot.X) return true;
        }

        return false;
    }

    void CompareWindow(MonoTime at)
    {
        if (_scaled is null || _locator.Tags.Count == 0) return;
        var begin = at - TimeSpan.FromSeconds(_settings.WindowS);
        Span<long> serials = stackalloc long[_instants.Length];
        Span<MonoTime> instants = stackalloc MonoTime[_instants.Length];
        int count = 0;
        for (long serial = Math.Max(1, _serial - _instants.Length + 1); serial <= _serial; serial++)
        {
            var instant = _instants[serial % _instants.Length];
            if (instant < begin) continue;
            serials[count] = serial;
            instants[count++] = ByRadio(instant);
        }

        if (count == 0) return;
        var recent = ByRadio(at) - TimeSpan.FromSeconds(_settings.RecentS);
        _comparison.Begin(_locator, _registry, serials[..count], instants[..count], recent);
        _association.Judge(_comparison, _walks.Values);
        Windows++;
    }

    // True about every so many seconds, without drifting and without catching up after a gap.
    static bool IsDue(MonoTime at, ref MonoTime next, double everyS)
    {
        if (at < next) return false;
        var every = TimeSpan.FromSeconds(everyS);
        next = next == default || (at - next) > every ? at + every : next + every;
        return true;
    }

    void Fit(int width, int height)
    {
        if (_geometry is null || (_scaled is not null && _scaled.Width == width && _scaled.Height == height)) return;
        _scaled = _geometry.At(width, height);
        GeometryFault = _scaled is not null
            ? null
            : $"geometry {_geometry.Name} is for {_geometry.Width} x {_geometry.Height}, the camera gives "
                + $"{width} x {height}, another shape: calibrate at the camera's own size";
        if (_scaled is null) _walks.Clear();
    }

    // The clock of the frames went back: another session, or another recording.
    void Forget()
    {
        _walks.Clear();
        _clock.ForgetAll();
        Clock = null;
        _serial = 0;
        _nextSample = _nextWindow = default;
        Array.Clear(_instants);
    }
}
