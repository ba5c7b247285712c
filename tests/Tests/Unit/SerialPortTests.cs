using System.Globalization;
using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Radio.Recorded;
using EdgeAppliance.Drivers.Radio.Uwb;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Tests.Unit;

public sealed unsafe class SerialPortTests : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    static readonly (string C, long Ours)[] Abi =
    [
        ("sizeof(struct termios2)", SerialAbi.TermiosSize),
        ("sizeof(struct termios2)", sizeof(SerialAbi.Termios2)),
        ("offsetof(struct termios2,c_line)", SerialAbi.TermiosLine),
        ("offsetof(struct termios2,c_cc)", SerialAbi.TermiosControl),
        ("offsetof(struct termios2,c_ispeed)", SerialAbi.TermiosInputSpeed),
        ("offsetof(struct termios2,c_ospeed)", SerialAbi.TermiosOutputSpeed),
        ("TCGETS2", (long)SerialAbi.GetTermios2),
        ("TCSETS2", (long)SerialAbi.SetTermios2),
        ("TCFLSH", (long)SerialAbi.Flush),
        ("TCIOFLUSH", SerialAbi.FlushBoth),
        ("TIOCEXCL", (long)SerialAbi.Exclusive),
        ("BOTHER", SerialAbi.OtherBaud),
        ("IBSHIFT", SerialAbi.InputBaudShift),
        ("CS8", SerialAbi.EightBits),
        ("CREAD", SerialAbi.ReceiverOn),
        ("CLOCAL", SerialAbi.NoModemLines),
        ("VTIME", SerialAbi.ControlTime),
        ("VMIN", SerialAbi.ControlLeast),
        ("O_RDWR", SerialAbi.ReadWrite),
        ("O_NOCTTY", SerialAbi.NoControllingTerminal),
        ("O_NONBLOCK", SerialAbi.NonBlocking),
        ("O_CLOEXEC", SerialAbi.CloseOnExec),
        ("POLLIN", SerialAbi.PollIn),
        ("POLLOUT", SerialAbi.PollOut),
        ("sizeof(struct pollfd)", sizeof(SerialAbi.PollEntry)),
        ("ENOENT", SerialAbi.NoSuchFile),
        ("EINTR", SerialAbi.Interrupted),
        ("EIO", SerialAbi.InputOutput),
        ("ENXIO", SerialAbi.NoSuchAddress),
        ("EAGAIN", SerialAbi.TryAgain),
        ("EACCES", SerialAbi.NotAllowed),
        ("EBUSY", SerialAbi.Busy),
        ("ENODEV", SerialAbi.NoSuchDevice),
        ("EINVAL", SerialAbi.Invalid),
        ("ENOTTY", SerialAbi.NotATerminal),
    ];

    readonly ScratchFolder _folder = new();
    readonly ListLog _log = new();

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData("/usr/bin/gcc", "")]
    [InlineData("/usr/bin/aarch64-linux-gnu-gcc", "/usr/bin/qemu-aarch64-static")]
    public void The_compiler_agrees_with_every_size_offset_and_number(string compiler, string runner)
    {
        Skip.IfNot(File.Exists(compiler), $"needs {compiler} and the C library's headers");
        Skip.IfNot(runner.Length == 0 || File.Exists(runner), $"needs {runner} (apt-get install qemu-user-static)");
        string source = _folder.File("abi.c"), program = _folder.File("abi");
        var prints = Abi.Select(row => $"printf(\"%lld\\n\", (long long)({row.C}));");
        File.WriteAllText(source, "#define _GNU_SOURCE\n#include <stdio.h>\n#include <stddef.h>\n#include <fcntl.h>\n"
            + "#include <errno.h>\n#include <poll.h>\n#include <asm/termbits.h>\n#include <asm/ioctls.h>\n"
            + $"int main(void) {{ {string.Join('\n', prints)} return 0; }}");
        LibavLayoutTests.Run(compiler, "-static", "-o", program, source);
        string printed = runner.Length == 0 ? LibavLayoutTests.Run(program) : LibavLayoutTests.Run(runner, program);
        string[] lines = printed.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Abi.Length, lines.Length);
        for (int i = 0; i < Abi.Length; i++)
        {
            long theirs = long.Parse(lines[i], CultureInfo.InvariantCulture);
            Assert.True(Abi[i].Ours == theirs, $"{Abi[i].C}: ours {Abi[i].Ours}, the header's {theirs}");
        }
    }

    [SkippableTheory]
    [InlineData(115200)]
    [InlineData(921600)]
    [InlineData(1_000_000)]
    public void Bytes_pass_as_they_are_both_ways(int baud)
    {
        RequireLinux();
        using var module = new PseudoTerminal();
        using var port = new SerialPort(module.Path, baud);
        byte[] all = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        module.Say(all);
        byte[] heard = new byte[300];
        int count = 0;
        while (count < all.Length) count += port.Read(heard.AsSpan(count), Patience, out _);
        Assert.Equal(all, heard[..count]);
        Assert.Equal(0, port.Read(heard, TimeSpan.Zero, out _));
        port.Write("lec\r"u8);
        Assert.Equal("lec\r", module.HearTo("\r")); // not \r\n, and no echo of what the module said
    }

    [SkippableTheory]
    [InlineData("/dev/ttyACM987", "is it plugged in? ls /dev/ttyACM*")]
    [InlineData("/dev/null", "this is no serial port")]
    public void A_port_that_is_not_there_or_none_is_refused_with_a_remedy(string path, string remedy)
    {
        RequireLinux();
        var refused = Assert.Throws<DeviceException>(() => new SerialPort(path, 115200).Dispose());
        Assert.Contains(remedy, refused.Message, StringComparison.Ordinal);
        Assert.StartsWith(path, refused.Message, StringComparison.Ordinal);
        Assert.False(refused.IsFinal); // it may be plugged in later
    }

    [SkippableFact]
    public void A_module_that_is_pulled_out_is_a_fault_of_read_and_write()
    {
        RequireLinux();
        var module = new PseudoTerminal();
        using var port = new SerialPort(module.Path, 115200);
        module.Dispose();
        Assert.Throws<DeviceException>(() => port.Read(new byte[10], Patience, out _));
        Assert.Throws<DeviceException>(() => port.Write(new byte[10]));
    }

    [SkippableFact]
    public void A_module_that_takes_no_bytes_is_a_fault_and_no_hang()
    {
        RequireLinux();
        using var module = new PseudoTerminal();
        using var port = new SerialPort(module.Path, 115200);
        var fault = Assert.Throws<DeviceException>(() => port.Write(new byte[1_000_000]));
        Assert.Contains("of 1000000 bytes in a second", fault.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void An_unplugged_module_is_lost_and_counted_and_heard_again_when_it_is_back()
    {
        RequireLinux();
        // udev's part: the same name, another device behind it.
        string path = _folder.File("ttyACM0");
        var module = new PseudoTerminal();
        File.CreateSymbolicLink(path, module.Path);
        var options = new LiveRadioOptions
        {
            Reconnect = new ReconnectOptions
            {
                PauseFirst = TimeSpan.FromMilliseconds(5),
                PauseMax = TimeSpan.FromMilliseconds(20),
            },
        };
        using var radio = new LiveRadio("module",
            () => new PromptedSource(new SerialPort(path, 115200), Eager, _log), new Dwm1001ShellParser("T1"), options,
            _log);
        Assert.EndsWith("lec\r", module.HearTo("lec\r"), StringComparison.Ordinal);
        module.Say("POS,0,44A8,1.44,2.39,0.69,54,x07\r\nPOS,0,44A8,1.4");
        Until(() => radio.Counts.Observations == 1 && radio.State == RadioState.Running);

        File.Delete(path);
        module.Dispose();
        Until(() => radio.State == RadioState.Lost
            && radio.LastFault!.Contains("plugged in", StringComparison.Ordinal));

        using var again = new PseudoTerminal();
        File.CreateSymbolicLink(path, again.Path);
        again.HearTo("lec\r");
        again.Say("POS,0,44A8,2.44,2.39,0.69,54,x07\r\n");
        Until(() => radio.Counts.Observations == 2);
        Assert.Equal(RadioState.Running, radio.State);
        Assert.Equal(1, radio.Reconnects);
        Assert.True(radio.Faults >= 2);
        Assert.Equal(0, radio.Counts.Malformed); // the half line went with its session
        var fixes = new Observation[4];
        Assert.Equal(2, radio.Drain(MonoTime.Now, fixes));
        Assert.Equal([1.44f, 2.44f], fixes[..2].Select(o => o.PositionM.X));
        Assert.Equal(1, _log.Lines.Count(line => line.Id == 1811));
        Assert.Equal(1, _log.Lines.Count(line => line.Id == 1812));
    }

    [SkippableFact]
    public void A_live_module_is_recorded_by_its_address_and_replayed_the_same()
    {
        RequireLinux();
        string file = _folder.File("walk.raw");
        using var module = new PseudoTerminal();
        var heard = new List<Observation>();
        using (var radio = (LiveRadio)Radios.Open(RadioUri.Parse(
            $"dwm1001-tlv://{module.Path}?tag=T7&record={Uri.EscapeDataString(file)}"), MonoTime.Now, _log))
        {
            byte[] answer = [.. Dwm1001TlvTests.TagAnswer];
            for (int i = 0; i < 5; i++)
            {
                Assert.EndsWith("\x0c\0", module.HearTo("\x0c\0"), StringComparison.Ordinal);
                answer[23]++;
                module.Say(answer.AsSpan(0, 20));
                module.Say(answer.AsSpan(20));
            }

            Until(() => radio.Counts.Observations == 15);
            Drain(radio, heard);
            Assert.Equal(2, radio.Stations.Count);
        }

        using var replayed = (ReplayedRadio)Radios.Open(RadioUri.Parse($"replay:{file}"), MonoTime.Now, _log);
        Assert.Equal(new RawKind("dwm1001-tlv", "tag=T7"), replayed.Kind);
        var again = new List<Observation>();
        Drain(replayed, again, MonoTime.FromSeconds(1e6));
        Assert.Equal(15, again.Count);
        // A position is of a while before the ranges it came with: where it is put depends on when somebody asks.
        heard = [.. heard.OrderBy(o => o.At.Nanoseconds)];
        again = [.. again.OrderBy(o => o.At.Nanoseconds)];
        long shiftNs = again[0].At.Nanoseconds - heard[0].At.Nanoseconds;
        Assert.Equal(heard.Select(o => o with { At = new MonoTime(o.At.Nanoseconds + shiftNs) }), again);
        Assert.Equal(2, replayed.Stations.Count);
    }

    /// <summary>Asks at once: nobody waits in a test.</summary>
    internal static Prompt Eager { get; } = Prompt.Dwm1001Shell with
    {
        First = TimeSpan.Zero,
        StepPause = TimeSpan.FromMilliseconds(1),
    };

    static void RequireLinux() => Skip.IfNot(OperatingSystem.IsLinux(), "needs Linux");

    static void Until(Func<bool> isSo) => Assert.True(SpinWait.SpinUntil(isSo, Patience));

    static void Drain(IRadio radio, List<Observation> into, MonoTime? until = null)
    {
        var some = new Observation[4];
        for (int n; (n = radio.Drain(until ?? MonoTime.Now, some)) > 0;) into.AddRange(some[..n]);
    }
}
