using System.Net.Sockets;

namespace EdgeAppliance.Tests.Loopback;

/// <summary>A mosquitto of the test's own: loopback only, a free port, its state in a folder that outlives a
/// kill.</summary>
sealed class RealBroker : IDisposable
{
    readonly string _configuration;
    RealProcess? _process;

    public RealBroker(string folder, params IEnumerable<string> more)
    {
        SkipWithout();
        Port = RealProcess.FreePort();
        Directory.CreateDirectory(Path.Combine(folder, "broker"));
        _configuration = Path.Combine(folder, "mosquitto.conf");
        File.WriteAllLines(_configuration,
        [
            $"listener {Port} 127.0.0.1",
            "allow_anonymous true",
            // Started by root it would become the user mosquitto, who may not write in the test's folder.
            $"user {Environment.UserName}",
            "persistence true",
            $"persistence_location {Path.Combine(folder, "broker")}/",
            "autosave_interval 1",
            .. more,
        ]);
    }

    public static string? Program { get; } =
        new[] { "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto" }.FirstOrDefault(File.Exists);

    public int Port { get; }

    public static void SkipWithout() =>
        Skip.IfNot(Program is not null, "needs the mosquitto broker: apt-get install mosquitto");

    public void Start()
    {
        _process = RealProcess.Start(Program!, "-c", _configuration);
        long until = Environment.TickCount64 + 20_000;
        while (!Answers())
        {
            Assert.False(_process.HasEnded, string.Join('\n', _process.Errors));
            Assert.True(Environment.TickCount64 < until, "the broker does not listen after 20 s");
            Thread.Sleep(20);
        }
    }

    public void Kill()
    {
        _process?.Kill();
        _process?.Dispose();
        _process = null;
    }

    public void Dispose() => Kill();

    bool Answers()
    {
        using var probe = new TcpClient();
        try
        {
            probe.Connect("127.0.0.1", Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
