using System.Net;
using System.Net.Sockets;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>A real broker for the demo: mosquitto on a free port of this machine alone.</summary>
static class DemoBroker
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <exception cref="FileNotFoundException">no mosquitto on this machine; says what to install</exception>
    /// <exception cref="IOException">it ended at once; says where its words are</exception>
    public static async Task<(ChildProcess Process, int Port)> StartAsync(string folder, CancellationToken stop)
    {
        string program = Find();
        int port = FreePort();
        string config = Path.Combine(folder, "mosquitto.conf");
        string log = Path.Combine(folder, "mosquitto.log");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(config, $"""
            listener {port} 127.0.0.1
            allow_anonymous true
            persistence true
            persistence_location {folder}/
            log_dest stderr

            """, stop);
        var process = ChildProcess.Start(program, ["-c", config], log);
        try { await WaitForAsync(process, port, log, stop); }
        catch
        {
            await process.DisposeAsync();
            throw;
        }

        return (process, port);
    }

    static async Task WaitForAsync(ChildProcess process, int port, string log, CancellationToken stop)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(began) < Patience)
        {
            if (process.HasExited) break;
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, port, stop);
                return;
            }
            catch (SocketException) { await Task.Delay(50, stop); }
        }

        throw new IOException($"mosquitto does not answer on port {port}: see {log}");
    }

    static string Find()
    {
        // Debian puts it into sbin, which is not on every user's path.
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin");
        return folders.Select(folder => Path.Combine(folder, "mosquitto")).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException("no mosquitto on this machine: apt-get install mosquitto");
    }

    static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
