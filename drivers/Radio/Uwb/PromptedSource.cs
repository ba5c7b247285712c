using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Drivers.Radio.Uwb;

/// <summary>What makes a module talk, and how to tell that it does.</summary>
/// <param name="Steps">sent one after another; none: the module talks by itself</param>
/// <param name="Marks">what each reading holds: at most 16 bytes</param>
/// <param name="Hint">what to do when it prints other things for long</param>
sealed record Prompt(IReadOnlyList<byte[]> Steps, IReadOnlyList<byte[]> Marks, string Hint)
{
    /// <summary>
    /// A DWM1001's shell: two carriage returns within a second change to it from the binary mode, <c>lec</c> starts
    /// the readings; sent again it would stop them (DWM1001 Firmware API Guide 2.2, section 6).
    /// </summary>
    public static Prompt Dwm1001Shell { get; } = new(["\r\r"u8.ToArray(), "lec\r"u8.ToArray()],
        ["POS,"u8.ToArray(), "DIST,"u8.ToArray(), "]="u8.ToArray()],
        "the module has a shell but nothing to tell: is it a tag or a listener of a network with anchors?");

    /// <summary>The command that starts ranging, or none: the board was told to start by itself.</summary>
    public static Prompt QorvoCli(string? start) => new(
        Lines(start), ["mac_address="u8.ToArray(), "\"Addr\""u8.ToArray()],
        "ranging is not started: ?start=respf or ?start=initf starts it, or SETAPP and SAVE on the board");

    public static Prompt RangeLines(string? start) => new(Lines(start), [","u8.ToArray()],
        "lines of range,TAG,ANCHOR,METRES are needed");

    /// <summary>Between two steps: the module changes mode or prints its banner.</summary>
    public TimeSpan StepPause { get; init; } = TimeSpan.FromSeconds(1.1);

    /// <summary>A module that was already talking is heard within this, and left alone.</summary>
    public TimeSpan First { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>Silent for so long it is asked again; and never before three of its own intervals.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The longest pause, doubled from try to try: the slowest update of these modules is one a minute, and a module
    /// that was asked twice within one would be switched off again.
    /// </summary>
    public TimeSpan SilenceMax { get; init; } = TimeSpan.FromMinutes(3);

    static byte[][] Lines(string? command) =>
        string.IsNullOrEmpty(command) ? [] : [System.Text.Encoding.UTF8.GetBytes(command + "\r\n")];
}

/// <summary>
/// A module that has to be told to talk, and told again when it was reset and is silent: its own bytes, nothing added.
/// Its clock is that of the bytes.
/// </summary>
sealed class PromptedSource(IRawSource inner, Prompt prompt, ILogger log) : IRawSource
{
    const int MarkMax = 16;

    readonly StreamWatch _watch = new(inner.Name, prompt.Hint, log);
    readonly byte[] _tail = new byte[2 * MarkMax];
    int _tailLength;
    MonoTime? _quietSince;
    MonoTime? _heardAt;
    MonoTime _nextStepAt;
    TimeSpan _limit = prompt.First;
    TimeSpan _silence = prompt.Silence;
    int _step = -1;

    public string Name => inner.Name;

    public int Read(Span<byte> into, TimeSpan wait, out MonoTime at)
    {
        int count = inner.Read(into, wait, out at);
        _quietSince ??= at;
        if (count > 0) Look(at, into[..count]);
        if (prompt.Steps.Count > 0) Ask(at);
        return count;
    }

    public void Write(ReadOnlySpan<byte> bytes) => inner.Write(bytes);

    public void Dispose() => inner.Dispose();

    void Look(MonoTime at, ReadOnlySpan<byte> bytes)
    {
        bool isHeard = HasMark(bytes);
        _watch.Look(at, bytes, isHeard);
        if (!isHeard) return;
        if (_heardAt is { } before && (at - before) * 3 is var interval && interval > _silence)
            _silence = interval < prompt.SilenceMax ? interval : prompt.SilenceMax;
        _heardAt = _quietSince = at;
        _limit = _silence;
        _step = -1;
    }

    void Ask(MonoTime at)
    {
        if (_step < 0)
        {
            if (at - _quietSince!.Value < _limit) return;
            _step = 0;
            _nextStepAt = at;
        }

        if (at < _nextStepAt) return;
        inner.Write(prompt.Steps[_step++]);
        _nextStepAt = at + prompt.StepPause;
        if (_step < prompt.Steps.Count) return;
        _step = -1;
        _quietSince = at;
        var doubled = _limit * 2;
        _limit = doubled < _silence ? _silence : doubled > prompt.SilenceMax ? prompt.SilenceMax : doubled;
    }

    // A mark may lie across two reads: the end of the one before is looked at with the beginning of this.
    bool HasMark(ReadOnlySpan<byte> bytes)
    {
        var first = bytes.Length > MarkMax ? bytes[..MarkMax] : bytes;
        first.CopyTo(_tail.AsSpan(_tailLength));
        var seam = _tail.AsSpan(0, _tailLength + first.Length);
        bool isHeard = false;
        foreach (byte[] mark in prompt.Marks) isHeard |= bytes.IndexOf(mark) >= 0 || seam.IndexOf(mark) >= 0;
        var last = bytes.Length > MarkMax ? bytes[^MarkMax..] : seam.Length > MarkMax ? seam[^MarkMax..] : seam;
        _tailLength = last.Length;
        last.CopyTo(_tail);
        return isHeard;
    }
}
