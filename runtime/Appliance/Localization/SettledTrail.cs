using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>Where a tag was before its window begins: the last states that left it, at most so many.</summary>
sealed class SettledTrail
{
    readonly double[] _numbers;
    readonly Mark[] _marks;
    int _count;
    int _next;

    public SettledTrail(int most)
    {
        _numbers = new double[most * Motion.Numbers];
        _marks = new Mark[most];
    }

    /// <summary>Remembers a state, with all in it that came after.</summary>
    public void Settle(LagWindow.Node node)
    {
        node.Smoothed.CopyTo(_numbers, _next * Motion.Numbers);
        _marks[_next] = new Mark(node.At, node.IsAnew, node.IsHeightKnown);
        _next = (_next + 1) % _marks.Length;
        _count = Math.Min(_count + 1, _marks.Length);
    }

    /// <summary>
    /// The remembered states about an instant that is before the window's newest; false when it is before them all.
    /// </summary>
    public bool TryFind(LagWindow window, MonoTime at, out Motion before, out Motion next)
    {
        before = next = default;
        int low = -1, high = _count + window.Count - 1; // low is before the instant or none, high is after it
        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            if (At(window, middle) <= at) low = middle;
            else high = middle;
        }

        if (low < 0) return false;
        before = Nth(window, low);
        next = Nth(window, high);
        return true;
    }

    MonoTime At(LagWindow window, int n) => n < _count ? _marks[Place(n)].At : window.Nth(n - _count).At;

    Motion Nth(LagWindow window, int n)
    {
        if (n >= _count) return window.Nth(n - _count).Motion;
        int place = Place(n);
        var mark = _marks[place];
        var numbers = _numbers.AsSpan(place * Motion.Numbers, Motion.Numbers);
        return new Motion(mark.At, numbers, mark.IsAnew, mark.IsHeightKnown);
    }

    int Place(int n) => (_next - _count + n + _marks.Length) % _marks.Length;

    readonly record struct Mark(MonoTime At, bool IsAnew, bool IsHeightKnown);
}
