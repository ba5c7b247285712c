namespace EdgeAppliance.Runtime.Localization;

/// <summary>What is known of the radio's clock against the camera's.</summary>
/// <param name="OffsetS">to be added to the radio's times, seconds</param>
/// <param name="SigmaS">its standard deviation, seconds</param>
/// <param name="DriftPpm">
/// how fast it grows, parts per million; null until two minutes of estimates tell it better than to 1,000 ppm
/// </param>
/// <param name="AtS">the camera's time of the last estimate it rests on, seconds</param>
readonly record struct ClockState(double OffsetS, double SigmaS, double? DriftPpm, double AtS);

/// <summary>What a calibration found of the radio's clock against the camera's.</summary>
/// <param name="OffsetS">to be added to the radio's times, seconds</param>
readonly record struct ClockPrior(double OffsetS, double SigmaS);

/// <summary>
/// Follows the offset between radio and camera over time from things that both see. Estimates over windows of half a
/// minute go into a filter of offset and drift. While nobody walks nothing is learnt and the answer grows less certain,
/// until there is none: unknown is null, never zero. Not thread safe.
/// </summary>
sealed class ClockMonitor
{
    const double WindowS = 30, EveryS = 5;

    // Followed at once: more walkers say the same thing about the same clock.
    const int TagsMax = 8;

    // 30 s at 50 Hz; a fuller trail loses its oldest.
    const int PlacesMax = 1500;

    // Quartz of a module against that of a computer: 50 ppm and slow changes by warmth; latencies wander by some
    // 10 ms a minute. As spectral densities: s^2/s of the offset and 1/s of the drift.
    const double WanderDensity = 1e-4 / 60, DriftDensity = 1e-12, DriftSigma = 2e-4;

    // Windows share readings, and for longer their bearer, whose tag stays where he wears it: all estimates of five
    // minutes are one witness.
    const double SharedWindows = 300 / EveryS;

    // Past this nothing of use is known; a step larger than this many deviations, twice in a row, is a new clock.
    const double SigmaMaxS = 0.15, StepSigmas = 3;

    readonly Dictionary<string, Trail> _trails = new(StringComparer.Ordinal);
    readonly OffsetRules _rules;
    readonly ClockPrior? _prior;
    double _offset, _drift, _oo, _od, _dd;
    double _at, _next = double.NegativeInfinity, _firstAt, _lastUsed;
    double? _stepped;
    bool _isStarted;

    /// <param name="freedom">
    /// what the two frames may differ by: <see cref="FrameFreedom.Shift"/> where the camera's geometry is calibrated
    /// </param>
    /// <param name="prior">where it begins; null: at not knowing</param>
    public ClockMonitor(FrameFreedom freedom, ClockPrior? prior = null)
    {
        _prior = prior;
        _rules = new OffsetRules
        {
            Alignment = new AlignmentRules { Freedom = freedom, IsPlanar = true },
            // On the twin, tags on chests and bodies before anchors put fixes of walkers 0.1 m ahead.
            LeadSigma = 0.1,
            SigmaMaxS = SigmaMaxS,
            NoiseMin = 0.05, // metres: a foot point is no better
        };
    }

    /// <summary>Estimates made and used so far.</summary>
    public long Estimates { get; private set; }

    /// <summary>Windows that told nothing: nobody moved, or two offsets fitted.</summary>
    public long Refused { get; private set; }

    /// <summary>Times the clock was found to have jumped.</summary>
    public long Jumps { get; private set; }

    /// <summary>A tag was located; by the radio's own clock, uncorrected. Oldest first.</summary>
    public void TakeRadio(string tag, in TimedPlace place) => Put(tag)?.Radio.Enqueue(place);

    /// <summary>The track that carries the tag was seen; by the camera's clock. Oldest first.</summary>
    public void TakeCamera(string tag, in TimedPlace place) => Put(tag)?.Camera.Enqueue(place);

    /// <summary>
    /// The tag went over to another track, or off any: what was seen before and after does not belong together.
    /// </summary>
    public void Forget(string tag) => _trails.Remove(tag);

    /// <summary>Everything so far belongs to another session.</summary>
    public void ForgetAll()
    {
        _trails.Clear();
        _isStarted = false;
        _stepped = null;
        _next = double.NegativeInfinity;
    }

    /// <summary>The offset at an instant of the camera's clock; null while it is not known well enough.</summary>
    public ClockState? At(double atS)
    {
        if (!_isStarted) return null;
        double ahead = Math.Max(0, atS - _at);
        double variance = _oo + (2 * ahead * _od) + (ahead * ahead * _dd) + (WanderDensity * ahead)
            + (DriftDensity * ahead * ahead * ahead / 3);
        double sigma = Math.Sqrt(variance);
        if (!(sigma <= SigmaMaxS)) return null;
        bool isDriftKnown = _lastUsed - _firstAt >= 120 && Math.Sqrt(_dd) < 1e-3;
        return new ClockState(_offset + (_drift * ahead), sigma, isDriftKnown ? _drift * 1e6 : null, _lastUsed);
    }

    /// <summary>Looks at what was taken, once every few seconds; call with each frame's time.</summary>
    public void Step(double atS)
    {
        if (atS < _next) return;
        if (!_isStarted && _prior is { } prior && double.IsNegativeInfinity(_next))
            Start(atS, atS, prior.OffsetS, prior.SigmaS * prior.SigmaS);
        _next = atS + EveryS;
        foreach (var (tag, trail) in _trails)
        {
            trail.Trim(atS - WindowS);
            if (trail.Camera.Count == 0 && trail.Radio.Count == 0) _trails.Remove(tag);
            else if (trail.Camera.Count >= _rules.PairsMin) Look(trail, atS);
        }
    }

    void Look(Trail trail, double atS)
    {
        // Once something is known it is looked for there; the reach stays, for clocks are set anew.
        double around = At(atS)?.OffsetS ?? 0;
        ClockOffset.TryEstimate([.. trail.Radio], [.. trail.Camera], _rules, around, out var estimate);
        if (estimate is null)
        {
            Refused++;
            return;
        }

        // Half a window back is where its middle is.
        Use(atS - (WindowS / 2), atS, estimate);
    }

    void Use(double middleS, double atS, OffsetEstimate estimate)
    {
        double variance = estimate.SigmaS * estimate.SigmaS;
        if (_isStarted && IsJump(middleS, estimate))
        {
            if (_stepped is not { } before || Math.Abs(before - estimate.OffsetS) > StepSigmas * estimate.SigmaS)
            {
                _stepped = estimate.OffsetS;
                Refused++;
                return;
            }

            Jumps++;
            _isStarted = false;
        }

        _stepped = null;
        Estimates++;
        _lastUsed = atS;
        if (!_isStarted)
        {
            Start(middleS, atS, estimate.OffsetS, variance);
            return;
        }

        Predict(Math.Max(0, middleS - _at));
        _at = Math.Max(_at, middleS);
        double spread = _oo + (variance * SharedWindows);
        double off = estimate.OffsetS - _offset, gainO = _oo / spread, gainD = _od / spread;
        _offset += gainO * off;
        _drift += gainD * off;
        _dd -= gainD * _od;
        _od -= gainO * _od;
        _oo -= gainO * _oo;
    }

    void Start(double middleS, double atS, double offsetS, double variance)
    {
        (_offset, _drift, _at, _firstAt, _lastUsed) = (offsetS, 0, middleS, atS, atS);
        (_oo, _od, _dd) = (variance, 0, DriftSigma * DriftSigma);
        _isStarted = true;
    }

    bool IsJump(double middleS, OffsetEstimate estimate)
    {
        double ahead = Math.Max(0, middleS - _at);
        double variance = _oo + (WanderDensity * ahead) + (ahead * ahead * _dd)
            + (estimate.SigmaS * estimate.SigmaS);
        return Math.Abs(estimate.OffsetS - _offset - (_drift * ahead)) > StepSigmas * Math.Sqrt(variance);
    }

    void Predict(double seconds)
    {
        _offset += _drift * seconds;
        _oo += (2 * seconds * _od) + (seconds * seconds * _dd) + (WanderDensity * seconds)
            + (DriftDensity * seconds * seconds * seconds / 3);
        _od += (seconds * _dd) + (DriftDensity * seconds * seconds / 2);
        _dd += DriftDensity * seconds;
    }

    Trail? Put(string tag)
    {
        if (!_trails.TryGetValue(tag, out var trail))
        {
            if (_trails.Count >= TagsMax) return null;
            _trails.Add(tag, trail = new Trail());
        }

        while (trail.Radio.Count >= PlacesMax) trail.Radio.Dequeue();
        while (trail.Camera.Count >= PlacesMax) trail.Camera.Dequeue();
        return trail;
    }

    sealed class Trail
    {
        public Queue<TimedPlace> Radio { get; } = new();

        public Queue<TimedPlace> Camera { get; } = new();

        public void Trim(double beforeS)
        {
            while (Radio.TryPeek(out var place) && place.AtS < beforeS) Radio.Dequeue();
            while (Camera.TryPeek(out var place) && place.AtS < beforeS) Camera.Dequeue();
        }
    }
}
