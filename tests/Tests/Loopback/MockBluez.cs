using System.Diagnostics;
using EdgeAppliance.Tests.Unit;

namespace EdgeAppliance.Tests.Loopback;

/// <summary>A private message bus, and on it a bluetoothd of dbusmock's: both end with the test.</summary>
sealed class MockBluez : IDisposable
{
    readonly ScratchFolder _folder = new();
    readonly Process _bus;
    readonly Process _mock;

    public MockBluez(bool isStarted = true)
    {
        Require();
        Address = $"unix:path={_folder.File("bus")}";
        _bus = Process.Start(new ProcessStartInfo("dbus-daemon",
            ["--session", "--nofork", "--nopidfile", $"--address={Address}", "--print-address"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true, // it may not raise its own limits, and says so
        })!;
        _bus.BeginErrorReadLine();
        Assert.StartsWith("unix:", _bus.StandardOutput.ReadLine(), StringComparison.Ordinal);
        string script = Path.Combine(SharedData.Root, "tests", "Tests", "Loopback", "bluez_mock.py");
        _mock = Process.Start(new ProcessStartInfo("/usr/bin/python3", [script])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            Environment = { ["DBUS_SYSTEM_BUS_ADDRESS"] = Address },
        })!;
        if (isStarted) Say("start");
    }

    public string Address { get; }

    public static void Require()
    {
        Skip.IfNot(File.Exists("/usr/bin/dbus-daemon"), "needs a message bus: apt-get install dbus");
        using var probe = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", "import dbus, dbusmock"])
        {
            RedirectStandardError = true,
        })!;
        probe.StandardError.ReadToEnd();
        probe.WaitForExit();
        Skip.If(probe.ExitCode != 0, "needs a mock of bluetoothd: apt-get install python3-dbusmock");
    }

    public void Say(string line) => Assert.Equal("ok", Ask(line));

    public string Ask(string line)
    {
        _mock.StandardInput.WriteLine(line);
        return _mock.StandardOutput.ReadLine() ?? "the mock has ended";
    }

    public void Dispose()
    {
        _mock.StandardInput.Close(); // upon which it ends its bluetoothd and itself
        if (!_mock.WaitForExit(10_000)) _mock.Kill();
        _mock.Dispose();
        _bus.Kill();
        _bus.WaitForExit();
        _bus.Dispose();
        _folder.Dispose();
    }
}
