using System.Numerics;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>What a reading was to the filter.</summary>
/// <param name="IsBelieved">false when it was beyond the gate, or its model had nothing to say there</param>
/// <param name="Surprise">the innovation squared in units of its variance; null when there was none</param>
readonly record struct Verdict(bool IsBelieved, double? Surprise);

/// <summary>
/// The last seconds of one tag's filter: states on a grid of instants with the readings round each, so that a reading
/// that comes late is put in its place and all after it taken in again, and so that what came after an instant
/// improves what is said of it.
/// <para>
/// Smoothing is Bryson and Frazier's, one scalar reading at a time (Bierman, Factorization Methods for Discrete
/// Sequential Estimation, 1977, chapter 10): it goes back through the gains the filter used and inverts no matrix.
/// </para>
/// </summary>
sealed class LagWindow
{
    /// <summary>
    /// States are this far apart. Between them a tag goes straight on: at 5 m/s^2 that errs by 1.6 mm in 25 ms.
    /// </summary>
    public const double NodeS = .05;

    /// <summary>
    /// Nodes leave when this much too old, many at a time: a pass back through the window costs as much for one.
    /// </summary>
    const double LeaveS = .5;

    const int CluesMax = 2048;

    readonly MotionFilter _filter;
    readonly MotionModel _model;
    readonly RadioSettings _settings;
    readonly Node[] _nodes;
    readonly double[] _adjoint = new double[MotionFilter.Size];
    readonly double[] _information = new double[MotionFilter.Size * MotionFilter.Size];
    readonly double[] _through = new double[MotionFilter.Size];
    readonly double _lagS;
    readonly double[] _across = new double[MotionFilter.Size];
    Taken[] _clues = new Taken[64];
    double[] _gains = new double[64 * MotionFilter.Size];
    int _first;
    int _count;
    int _clueCount;
    bool _isPlaceRefused;

    public LagWindow(MotionModel model, RadioSettings settings, double lagS)
    {
        _model = model;
        _filter = new MotionFilter(model);
        _settings = settings;
        _lagS = lagS;
        _nodes = new Node[(int)Math.Ceiling((lagS + LeaveS) / NodeS) + 3];
        for (int i = 0; i < _nodes.Length; i++) _nodes[i] = new Node();
    }

    public MotionFilter Filter => _filter;

    /// <summary>States in the window.</summary>
    public int Count => _count;

    /// <summary>Whether readings say how high the tag is.</summary>
    public bool IsHeightKnown { get; set; }

    public Node Newest => Nth(_count - 1);

    public MotionModel Model => _model;

    /// <summary>Whether a reading came since the last pass back.</summary>
    public bool IsStale { get; private set; }

    /// <summary>The instant of the newest state.</summary>
    public MonoTime At => Nth(_count - 1).At;

    public Node Nth(int n) => _nodes[(_first + n) % _nodes.Length];

    /// <summary>Begins anew at a place.</summary>
    public void Begin(MonoTime at, Vector3 placeM, Vector3 variances, bool isHeightKnown)
    {
        IsHeightKnown = isHeightKnown;
        _count = 0;
        _clueCount = 0;
        _filter.Begin(placeM, variances);
        Append(TickOf(at), first: true);
        Keep(Nth(0));
        IsStale = true;
    }

    /// <summary>Whether the oldest states have to leave before a reading of this instant is taken in.</summary>
    public bool IsFull(MonoTime at) =>
        _clueCount >= CluesMax || (_count > 1 && (at - Nth(0).At).TotalSeconds > _lagS + LeaveS);

    /// <summary>
    /// Drops the states that are older than the lag, or the older half when there are too many readings.
    /// </summary>
    /// <param name="settled">told of every state that leaves, oldest first, with all in it that came after</param>
    public void Leave(MonoTime at, SettledTrail settled)
    {
        Smooth();
        int leaving = 0, clues = 0;
        bool isCrowded = _clueCount >= CluesMax;
        while (leaving < _count - 1 && ((at - Nth(leaving).At).TotalSeconds > _lagS
            || (isCrowded && leaving < _count / 2)))
        {
            settled.Settle(Nth(leaving));
            clues += Nth(leaving++).Clues;
        }

        _first = (_first + leaving) % _nodes.Length;
        _count -= leaving;
        _clueCount -= clues;
        Array.Copy(_clues, clues, _clues, 0, _clueCount);
        Array.Copy(_gains, clues * MotionFilter.Size, _gains, 0, _clueCount * MotionFilter.Size);
    }

    /// <summary>All states leave: the filter begins anew elsewhere.</summary>
    public void LeaveEnd(SettledTrail settled)
    {
        if (_count == 0) return;
        LeaveAll(settled);
        settled.Settle(Nth(0));
        _count = 0;
    }

    /// <summary>All states leave but the newest, whose readings are not looked at again either.</summary>
    public void LeaveAll(SettledTrail settled)
    {
        Smooth();
        for (int i = 0; i < _count - 1; i++) settled.Settle(Nth(i));
        _first = (_first + _count - 1) % _nodes.Length;
        _count = 1;
        _clueCount = 0;
        Nth(0).Clues = 0;
    }

    /// <summary>Whether a reading cannot be taken in any more: what it would have to follow has left.</summary>
    public bool IsTooLate(MonoTime at)
    {
        var oldest = Nth(0);
        long tick = TickOf(at);
        if (tick != oldest.Tick) return tick < oldest.Tick;
        return _count > 1 || (_clueCount > 0 && at < _clues[_clueCount - 1].Clue.At);
    }

    /// <summary>Takes in one number of a reading, in its place by time.</summary>
    public Verdict Take(in Clue clue)
    {
        IsStale = true;
        long tick = TickOf(clue.At);
        int at = _clueCount;
        while (at > 0 && _clues[at - 1].Clue.At > clue.At) at--;
        MakeRoom(at);
        _clues[at] = new Taken { Clue = clue };
        if (at == _clueCount - 1 && tick >= Nth(_count - 1).Tick)
        {
            if (tick > Nth(_count - 1).Tick) Advance(tick);
            var newest = Nth(_count - 1);
            newest.Clues++;
            var verdict = TakeIn(at, newest);
            Keep(newest);
            return verdict;
        }

        return TakeAgain(at, tick);
    }

    Verdict TakeAgain(int at, long tick)
    {
        int node = _count - 1;
        while (node > 0 && Nth(node - 1).Tick >= tick) node--;
        if (Nth(node).Tick != tick) Insert(node, tick);
        Nth(node).Clues++;
        int clue = 0;
        for (int i = 0; i < node; i++) clue += Nth(i).Clues;
        var before = Nth(node - 1);
        _filter.Restore(before.State, before.Covariance, before.States);
        var verdict = default(Verdict);
        for (int i = node; i < _count; i++)
        {
            var now = Nth(i);
            _filter.Predict((now.Tick - Nth(i - 1).Tick) * NodeS);
            for (int j = 0; j < now.Clues; j++, clue++)
            {
                var each = TakeIn(clue, now);
                if (clue == at) verdict = each;
            }

            Keep(now);
        }

        return verdict;
    }

    /// <summary>Goes back through the window; afterwards every state has in it all that came after.</summary>
    public void Smooth()
    {
        if (!IsStale) return;
        IsStale = false;
        int n = _filter.Count;
        Array.Clear(_adjoint);
        Array.Clear(_information);
        int clue = _clueCount;
        for (int i = _count - 1; i >= 0; i--)
        {
            var node = Nth(i);
            Settle(node);
            if (i == 0) break;
            for (int j = 0; j < node.Clues; j++) Back(--clue, n);
            _model.Over((node.Tick - Nth(i - 1).Tick) * NodeS).Back(_adjoint, _information, n);
        }
    }

    // Smoothed place and velocity: x - P l and P - P L P, where l and L hold what the later readings said.
    void Settle(Node node)
    {
        const int Told = 6;
        int count = node.States;
        for (int row = 0; row < Told; row++)
        {
            var p = node.Covariance.AsSpan(row * MotionFilter.Size, count);
            node.Smoothed[row] = node.State[row] - Rows.Dot(p, _adjoint);
            var across = _across.AsSpan(0, count);
            across.Clear();
            for (int i = 0; i < count; i++)
                if (p[i] != 0) Rows.Add(across, p[i], _information.AsSpan(i * MotionFilter.Size, count));
            for (int column = 0; column <= row; column++)
            {
                int at = column * MotionFilter.Size;
                double value = node.Covariance[(row * MotionFilter.Size) + column]
                    - Rows.Dot(across, node.Covariance.AsSpan(at, count));
                node.Smoothed[Told + (row * Told) + column] = node.Smoothed[Told + (column * Told) + row] = value;
            }
        }
    }

    // One reading's share: L = h h'/s + (1 - k h')' L (1 - k h'), l = -h e/s + (1 - k h')' l.
    void Back(int clue, int n)
    {
        ref readonly var taken = ref _clues[clue];
        if (taken.Total is not { } total) return;
        var gain = _gains.AsSpan(clue * MotionFilter.Size, n);
        for (int i = 0; i < n; i++) _through[i] = Rows.Dot(gain, _information.AsSpan(i * MotionFilter.Size, n));
        double both = Rows.Dot(gain, _through), along = Rows.Dot(gain, _adjoint);
        var slope = taken.Slope;
        slope.AddTo(_adjoint, -(taken.Innovation / total) - along);
        slope.AddOuter(_information, _through, both + (1 / total), n);
    }

    Verdict TakeIn(int index, Node node)
    {
        ref var taken = ref _clues[index];
        taken.Total = null;
        double after = (taken.Clue.At - node.At).TotalSeconds;
        var state = _filter.State;
        var place = new Vector3(
            (float)(state[0] + (after * state[3])), (float)(state[1] + (after * state[4])),
            (float)(state[2] + (after * state[5])));
        if (!MeasurementModels.TryAt(taken.Clue, place, after, out double expected, out var slope))
            return default;
        double innovation = taken.Clue.Value - expected - slope.Errors(state);
        if (taken.Clue.Kind == ClueKind.Azimuth) innovation = AngleModel.Turned(innovation);
        double noise = taken.Clue.Variance;
        double total = _filter.Spread(slope) + noise;
        double surprise = innovation * innovation / total;
        if (IsRefused(taken.Clue, place, surprise)) return new Verdict(false, surprise);
        if (slope.More is not null)
        {
            double unexplained = (innovation * innovation) - total, at = taken.Clue.At.Seconds;
            Blame(slope.More, unexplained, at);
            Blame(slope.Less, unexplained, at);
            total = _filter.Spread(slope) + noise;
            surprise = innovation * innovation / total;
        }

        double weighted = Weigh(total, surprise);
        _filter.Correct(innovation, weighted);
        taken.Slope = slope;
        taken.Innovation = innovation;
        taken.Total = weighted;
        _filter.Gain[.._filter.Count].CopyTo(_gains.AsSpan(index * MotionFilter.Size));
        return new Verdict(true, surprise);
    }

    // A surprise is more often a path that has changed than noise.
    void Blame(int? path, double unexplained, double atS)
    {
        if (path is not { } slot) return;
        if (unexplained > 0) _filter.Blame(slot, unexplained, atS);
        _filter.Hear(slot, atS);
    }

    // Huber's weight k/|z|: beyond the bound a reading's variance grows as its surprise does.
    double Weigh(double total, double surprise) => total * Math.Max(1, Math.Sqrt(surprise) / _settings.HuberSigmas);

    // Both floor axes of a position or neither: half a reflected position is still a reflected position.
    bool IsRefused(in Clue clue, Vector3 place, double surprise)
    {
        double gate = _settings.GateSigmas * _settings.GateSigmas;
        switch (clue.Kind)
        {
            case ClueKind.PlaceX:
                var p = _filter.Covariance;
                var spread = new Covariance2(
                    p[0] + clue.Variance, p[1], p[MotionFilter.Size + 1] + clue.Variance);
                var off = new Vector2(clue.FromM.X - place.X, clue.FromM.Y - place.Y);
                _isPlaceRefused = spread.SquaredLength(off) is not { } length || !(length <= gate);
                return _isPlaceRefused;
            case ClueKind.PlaceY or ClueKind.PlaceZ:
                return _isPlaceRefused || !(surprise <= gate);
            default:
                return !(surprise <= gate);
        }
    }

    void Advance(long tick)
    {
        double seconds = (tick - Nth(_count - 1).Tick) * NodeS;
        Append(tick, first: false);
        _filter.Predict(seconds);
    }

    void Append(long tick, bool first)
    {
        if (first) _first = 0;
        Nth(_count++).Reset(tick, first);
    }

    void Insert(int at, long tick)
    {
        // The last node's arrays move to the gap; all between keep theirs.
        var spare = Nth(_count++);
        for (int i = _count - 1; i > at; i--) _nodes[(_first + i) % _nodes.Length] = Nth(i - 1);
        _nodes[(_first + at) % _nodes.Length] = spare;
        spare.Reset(tick, false);
    }

    void Keep(Node node)
    {
        _filter.Save(node.State, node.Covariance);
        node.States = _filter.Count;
        node.IsHeightKnown = IsHeightKnown;
    }

    void MakeRoom(int at)
    {
        if (_clueCount == _clues.Length)
        {
            Array.Resize(ref _clues, Math.Min(CluesMax + 8, 2 * _clues.Length));
            Array.Resize(ref _gains, _clues.Length * MotionFilter.Size);
        }

        if (at < _clueCount)
        {
            Array.Copy(_clues, at, _clues, at + 1, _clueCount - at);
        }

        _clueCount++;
    }

    public static long TickOf(MonoTime at) => (long)Math.Round(at.Nanoseconds / (NodeS * 1e9));

    /// <summary>A number with what the filter made of it.</summary>
    struct Taken
    {
        public Clue Clue;
        public Slope Slope;
        public double Innovation;

        /// <summary>The variance the innovation was taken to have; null when the number was not used.</summary>
        public double? Total;
    }

    /// <summary>The state at an instant, by what came before and by all that came.</summary>
    public sealed class Node
    {
        public long Tick { get; private set; }

        public MonoTime At => new((long)(Tick * (NodeS * 1e9)));

        public int Clues { get; set; }

        public int States { get; set; }

        public double[] State { get; } = new double[MotionFilter.Kept];

        public double[] Covariance { get; } = new double[MotionFilter.Size * MotionFilter.Size];

        /// <summary>Place, velocity and their covariance by all that came: see <see cref="Motion"/>.</summary>
        public double[] Smoothed { get; } = new double[Motion.Numbers];

        /// <summary>The filter was started here: no path leads to it from the one before.</summary>
        public bool IsAnew { get; private set; }

        public bool IsHeightKnown { get; set; }

        public Motion Motion => new(At, Smoothed, IsAnew, IsHeightKnown);

        public void Reset(long tick, bool isAnew)
        {
            Tick = tick;
            Clues = 0;
            IsAnew = isAnew;
            IsHeightKnown = false;
        }
    }
}
