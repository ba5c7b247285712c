namespace EdgeAppliance.Runtime.Commands;

/// <summary>How far long work is: one line that is written over on a terminal, else a plain line at times.</summary>
sealed class Progress : IDisposable
{
    static readonly TimeSpan TerminalPace = TimeSpan.FromMilliseconds(250);

    readonly TextWriter _to;
    readonly Func<string> _line;
    readonly bool _isTerminal;
    readonly Timer _timer;
    readonly Lock _gate = new();
    int _width;
    bool _over;

    /// <param name="pace">between plain lines</param>
    /// <param name="isPlain">true: plain lines on a terminal too</param>
    public Progress(TextWriter to, TimeSpan pace, Func<string> line, bool isPlain = false)
    {
        (_to, _line) = (to, line);
        _isTerminal = !isPlain && !Console.IsErrorRedirected && ReferenceEquals(to, Console.Error);
        var every = _isTerminal ? TerminalPace : pace;
        _timer = new Timer(_ => Write(), null, every, every);
    }

    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            _over = true;
            if (_isTerminal && _width > 0) _to.Write("\r" + new string(' ', _width) + "\r");
        }
    }

    void Write()
    {
        lock (_gate)
        {
            if (_over) return;
            string line = _line();
            if (!_isTerminal)
            {
                _to.WriteLine(line);
                return;
            }

            _to.Write("\r" + line.PadRight(_width));
            _width = line.Length;
        }
    }
}
