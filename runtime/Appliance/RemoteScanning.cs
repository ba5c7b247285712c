using EdgeAppliance.CloudSync.Mqtt;
using EdgeAppliance.Drivers.Radio.Ble;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Pipeline;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime;

/// <summary>
/// Listens at the broker for what scanners elsewhere hear, on a connection of its own: samples that wait for their
/// receipts must not hold up readings, which are worth something for a second.
/// </summary>
sealed class RemoteScanning(RemoteScanners scanners, string topic, ApplianceSettings settings, ILogger log)
    : IMqttListener
{
    // A refused certificate or password is mended by a person at the broker.
    static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    // A message of 256 readings is about 20 kB; the scanners take 64 KiB, and a topic and properties go before it.
    const int PacketBytesMax = 65 << 10;

    readonly Supervisor _supervisor =
        new("scanners", Retry.Usual with { Longest = Longest }, TimeProvider.System, log);

    TaskCompletionSource? _ended;

    /// <summary>Listens until it is told to stop; then returns.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try { await _supervisor.RunAsync(Session, stop); }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Asked for: a reading not heard now is of no use later.
        }
    }

    public void Connected() { }

    public void Lost(string why) => _ended?.TrySetResult();

    public void Arrived(string topic, ReadOnlyMemory<byte> payload) =>
        scanners.Offer(topic, payload.Span, MonoTime.Now);

    public void Answered(int publication, Answer answer, string reason) { }

    async Task Session(CancellationToken stop)
    {
        var options = Uplink.OptionsOf(settings);
        using var link = new MosquittoLink(
            options with
            {
                ClientId = $"{options.ClientId}-scanners",
                // Readings kept for us through an outage would be told as new.
                SessionExpiry = TimeSpan.Zero,
                PacketBytesMax = PacketBytesMax,
            },
            log);
        while (true)
        {
            var ended = _ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (link.State == LinkState.Idle) link.Start([topic], this);
            await ended.Task.WaitAsync(stop);
            // It connects again by itself, for ever, unless no try can help.
            if (link.State == LinkState.Failed) throw new IOException(link.Fault);
        }
    }
}
