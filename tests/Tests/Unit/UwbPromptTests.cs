using System.Text;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Radio.Uwb;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Tests.Unit;

public sealed class UwbPromptTests : IDisposable
{
    const string Line = "POS,0,44A8,1.44,2.39,0.69,54,x07\r\n";

    readonly ListLog _log = new();
    readonly Clocked _module = new();

    public void Dispose() => _module.Dispose();

    [Fact]
    public void A_silent_shell_is_woken_by_two_returns_and_then_told_to_talk()
    {
        using var source = new PromptedSource(_module, Prompt.Dwm1001Shell, _log);
        Run(source, 1.4);
        Assert.Empty(_module.Written);
        Run(source, 4);
        Assert.Equal(["\r\r", "lec\r"], _module.Written.Select(w => w.Text));
        Assert.InRange(_module.Written[1].At - _module.Written[0].At, 1.0, 1.5);
    }

    [Fact]
    public void A_module_that_talks_already_is_left_alone()
    {
        using var source = new PromptedSource(_module, Prompt.Dwm1001Shell, _log);
        for (int i = 0; i < 100; i++)
        {
            _module.Say(Line);
            Run(source, 1);
        }

        Assert.Empty(_module.Written);
    }

    [Fact]
    public void After_a_reset_the_silent_module_is_told_again()
    {
        using var source = new PromptedSource(_module, Prompt.Dwm1001Shell, _log);
        _module.Say(Line);
        Run(source, 1);
        _module.Say("\r\n DWM1001 TWR Real Time Location System\r\n\r\n"); // reset: a banner, and the binary mode
        Run(source, 8);
        Assert.Equal(["\r\r", "lec\r"], _module.Written.Select(w => w.Text));
        _module.Say(Line);
        Run(source, 4);
        Assert.Equal(2, _module.Written.Count);
    }

    [Fact]
    public void A_slow_module_is_not_switched_off_by_being_asked_within_its_interval()
    {
        using var source = new PromptedSource(_module, Prompt.Dwm1001Shell, _log);
        double asked = 0;
        for (double at = 0; at < 1200; at += 60)
        {
            _module.Say(Line);
            Run(source, 60);
            if (at < 240) asked = _module.Written.Count;
        }

        Assert.Equal(asked, _module.Written.Count); // learnt within the first minutes
    }

    [Fact]
    public void A_module_that_never_answers_is_asked_ever_more_seldom()
    {
        using var source = new PromptedSource(_module, Prompt.Dwm1001Shell, _log);
        Run(source, 3600);
        Assert.InRange(_module.Written.Count / 2, 15, 30);
    }

    [Fact]
    public void A_line_in_single_bytes_is_heard_too()
    {
        using var source = new PromptedSource(_module, Prompt.Dwm1001Shell, _log);
        for (int i = 0; i < 30; i++)
        {
            foreach (char one in Line)
            {
                _module.Say(one.ToString());
                Run(source, .02);
            }

            Run(source, .5);
        }

        Assert.Empty(_module.Written);
    }

    [Fact]
    public void Bytes_of_another_baud_rate_are_said_once_with_the_remedy()
    {
        using var source = new PromptedSource(_module, Prompt.Dwm1001Shell, _log);
        var random = new Random(3);
        for (int i = 0; i < 200; i++)
        {
            byte[] garbage = new byte[30];
            random.NextBytes(garbage);
            _module.Say(Encoding.Latin1.GetString(garbage));
            Run(source, .1);
        }

        var said = Assert.Single(_log.Lines);
        Assert.Equal(1816, said.Id);
        Assert.Contains("another baud rate (?baud=115200 is usual)", said.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_board_that_prints_text_and_no_ranges_is_said_once_with_the_remedy()
    {
        using var source = new PromptedSource(_module, Prompt.QorvoCli(null), _log);
        for (int i = 0; i < 100; i++)
        {
            _module.Say("SESSION_STATUS_NTF: {state=\"IDLE\", reason=\"State change\"}\r\n");
            Run(source, .2);
        }

        var said = Assert.Single(_log.Lines);
        Assert.Equal(1817, said.Id);
        Assert.Contains("?start=respf", said.Text, StringComparison.Ordinal);
        Assert.Empty(_module.Written);
    }

    [Fact]
    public void A_start_command_is_sent_to_a_silent_board()
    {
        using var source = new PromptedSource(_module, Prompt.QorvoCli("respf -MULTI"), _log);
        Run(source, 3);
        Assert.Equal(["respf -MULTI\r\n"], _module.Written.Select(w => w.Text));
    }

    [Fact]
    public void A_binary_module_is_asked_ten_times_a_second_and_each_time_after_its_answer()
    {
        using var source = new Dwm1001Poller(_module, TimeSpan.FromSeconds(.1), _log);
        _module.Answers = written => written.StartsWith('\x0c')
            ? Encoding.Latin1.GetString(Dwm1001TlvTests.TagAnswer) : "";
        Run(source, 10);
        Assert.InRange(_module.Written.Count, 90, 101);
        Assert.All(_module.Written, w => Assert.Equal("\x0c\0", w.Text));
    }

    [Fact]
    public void A_binary_module_that_does_not_answer_is_asked_more_seldom_and_woken()
    {
        using var source = new Dwm1001Poller(_module, TimeSpan.FromSeconds(.1), _log);
        Run(source, 20);
        Assert.InRange(_module.Written.Count, 60, 140);
        var pauses = _module.Written.Zip(_module.Written.Skip(1), (a, b) => b.At - a.At).Skip(20).ToList();
        Assert.Contains(pauses, pause => pause < .03); // the first of two wakes it, the second is heard
        Assert.Contains(pauses, pause => pause > .25);
    }

    [Fact]
    public void A_binary_module_that_is_in_its_shell_is_told_to_leave_it()
    {
        using var source = new Dwm1001Poller(_module, TimeSpan.FromSeconds(.1), _log);
        bool isShell = true;
        _module.Answers = written =>
        {
            if (written.Contains("quit", StringComparison.Ordinal)) isShell = false;
            return isShell ? "dwm> " : Encoding.Latin1.GetString(Dwm1001TlvTests.TagAnswer);
        };
        Run(source, 5);
        Assert.Single(_module.Written, w => w.Text == "\rquit\r");
        Assert.True(_module.Written.Count > 30);
    }

    static void Run(IRawSource source, double seconds)
    {
        byte[] into = new byte[4096];
        source.Read(into, TimeSpan.FromSeconds(.1), out var start);
        for (var at = start; at - start < TimeSpan.FromSeconds(seconds);)
            source.Read(into, TimeSpan.FromSeconds(.1), out at);
    }

    /// <summary>A module whose time goes on by being waited for.</summary>
    sealed class Clocked : IRawSource
    {
        readonly Queue<byte[]> _said = new();
        TimeSpan _now = TimeSpan.FromSeconds(1);

        public List<(double At, string Text)> Written { get; } = [];

        public Func<string, string> Answers { get; set; } = _ => "";

        public string Name => "module";

        public void Say(string text) => _said.Enqueue(Encoding.Latin1.GetBytes(text));

        public int Read(Span<byte> into, TimeSpan wait, out MonoTime at)
        {
            bool isThere = _said.TryDequeue(out byte[]? bytes);
            _now += isThere ? TimeSpan.FromMilliseconds(1) : wait;
            at = MonoTime.FromSeconds(_now.TotalSeconds);
            bytes?.CopyTo(into);
            return bytes?.Length ?? 0;
        }

        public void Write(ReadOnlySpan<byte> bytes)
        {
            string text = Encoding.Latin1.GetString(bytes);
            Written.Add((_now.TotalSeconds, text));
            string answer = Answers(text);
            if (answer.Length > 0) Say(answer);
        }

        public void Dispose() { }
    }
}
