using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Runtime.Tracking;

namespace EdgeAppliance.Runtime.Fusion;

/// <summary>
/// One window's answer: which track carries which tag. Least total distance (Hungarian), staying alone at a price, and
/// an answer only where the next best pairing of track or tag is dearer by a margin. Answers are given, kept and taken
/// back by counting windows, so one bad window changes nothing.
/// </summary>
sealed class Association(FusionSettings settings)
{
    // A tag was carried by somebody in sight a moment ago, and the track broke (a post, a passing car): whoever stands
    // where the tag is now is far more likely to be the same than a stranger is. So fewer windows are asked for.
    const double HandoverS = 3;
    const int HandoverWindows = 2;

    readonly Assignment _assignment = new();
    readonly Dictionary<string, long> _lastCarried = new(StringComparer.Ordinal);
    long _window;
    readonly List<Walk> _rows = [];
    PairCost?[] _pairs = [];
    double[] _cost = [];
    int[] _columnOf = [];

    /// <summary>Judges every walk by this window.</summary>
    public void Judge(Comparison comparison, IList<Walk> walks)
    {
        Compare(comparison, walks);
        int columns = comparison.Tags.Count;
        _assignment.Solve(_cost, _rows.Count, columns, settings.UnmatchedM, _columnOf);
        int row = 0;
        foreach (var walk in walks)
        {
            // Rows are those walks that are there, in the same order.
            bool isThere = row < _rows.Count && ReferenceEquals(_rows[row], walk);
            TagMatch? found = isThere ? Found(comparison, row) : null;
            if (isThere) row++;
            if (isThere && !comparison.HasNews(walk)) continue;
            bool isHeldElse = found is { } f && walk.Match is { } given && given.Tag != f.Tag;
            if (found is { } match && !isHeldElse) walk.Agree(match);
            else walk.Disagree(settings.DropWindows);
        }

        Give(comparison, walks);
        Note(walks);
    }

    void Compare(Comparison comparison, IList<Walk> walks)
    {
        _rows.Clear();
        foreach (var walk in walks) if (comparison.IsThere(walk)) _rows.Add(walk);
        int columns = comparison.Tags.Count, cells = _rows.Count * columns;
        if (_cost.Length < cells)
        {
            _cost = new double[Math.Max(cells, _cost.Length * 2)];
            _pairs = new PairCost?[_cost.Length];
        }

        if (_columnOf.Length < _rows.Count) _columnOf = new int[Math.Max(_rows.Count, _columnOf.Length * 2)];
        for (int row = 0, cell = 0; row < _rows.Count; row++)
        {
            var walk = _rows[row];
            bool isFresh = comparison.IsFresh(walk);
            for (int column = 0; column < columns; column++, cell++)
            {
                var pair = comparison.Compare(walk, column, isFresh);
                _pairs[cell] = pair;
                _cost[cell] = pair is { } p && IsNear(p) ? p.CostM : double.PositiveInfinity;
            }
        }
    }

    bool IsNear(in PairCost pair) =>
        pair.CostM <= settings.UnmatchedM && pair.Sigmas <= settings.UnmatchedSigmas
        && !(pair.Recent?.Sigmas > settings.UnmatchedSigmas);

    TagMatch? Found(Comparison comparison, int row)
    {
        int column = _columnOf[row], columns = comparison.Tags.Count;
        if (column == Assignment.None || _pairs[(row * columns) + column] is not { } pair) return null;
        double next = settings.UnmatchedM;
        // Of late, nobody else may be nearer: a track that went over to somebody else still has its old past.
        double nextRecent = double.PositiveInfinity;
        for (int other = 0; other < columns; other++)
        {
            if (other != column && _pairs[(row * columns) + other] is { } rival) Rival(rival);
        }

        for (int other = 0; other < _rows.Count; other++)
        {
            if (other != row && _pairs[(other * columns) + column] is { } rival) Rival(rival);
        }

        if (pair.Recent is { } recent && nextRecent < recent.CostM - (settings.MarginMinM / 2)) return null;
        double margin = next - pair.CostM;
        string tag = comparison.Tags[column];
        // What is already believed needs half the margin to stay believed.
        bool isHeld = _rows[row].Match is { } held && held.Tag == tag;
        if (margin < (isHeld ? settings.MarginMinM / 2 : settings.MarginMinM)) return null;
        return new TagMatch(tag, pair.CostM, margin, TimeSpan.FromSeconds(settings.WindowS), pair.Pairs, 0);

        void Rival(in PairCost rival)
        {
            next = Math.Min(next, rival.CostM);
            if (rival.Recent is { } near) nextRecent = Math.Min(nextRecent, near.CostM);
        }
    }

    // After all have been judged: a tag whose evidence moved on is taken from its old track before it is given anew.
    void Give(Comparison comparison, IList<Walk> walks)
    {
        for (int row = 0; row < _rows.Count; row++)
        {
            var walk = _rows[row];
            if (walk.Match is not null || walk.Candidate is not { } tag || walk.Agreed < WindowsFor(tag)) continue;
            if (Found(comparison, row) is not { } found || found.Tag != tag) continue;
            foreach (var other in walks) if (other.Match is { } held && held.Tag == found.Tag) other.Drop();
            walk.Give(found);
        }
    }

    int WindowsFor(string tag) => _lastCarried.ContainsKey(tag)
        ? Math.Min(HandoverWindows, settings.AgreeWindows)
        : settings.AgreeWindows;

    void Note(IList<Walk> walks)
    {
        _window++;
        long oldest = _window - (long)(HandoverS / settings.StepS);
        foreach (var walk in walks) if (walk.Match is { } match) _lastCarried[match.Tag] = _window;
        foreach (var (tag, at) in _lastCarried) if (at < oldest) _lastCarried.Remove(tag);
    }
}
