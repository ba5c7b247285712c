using EdgeAppliance.CloudSync;
using EdgeAppliance.CloudSync.Contract;
using EdgeAppliance.CloudSync.Mqtt;
using EdgeAppliance.CloudSync.Spool;
using EdgeAppliance.Runtime.Pipeline;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime;

/// <summary>The spool's way out: a courier on a broker link, started again when either faults.</summary>
sealed class Uplink
{
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    readonly SampleSpool _spool;
    readonly MqttOptions _mqtt;
    readonly CourierOptions _courier;
    readonly ILogger _log;
    readonly Supervisor _supervisor;
    readonly string _broker;
    volatile Courier? _now;
    volatile IMqttLink? _link;
    long _publishedBefore;

    public Uplink(SampleSpool spool, ApplianceSettings settings, ILogger log)
    {
        _spool = spool;
        _log = log;
        _mqtt = OptionsOf(settings);
        _courier = new CourierOptions
        {
            Device = settings.DeviceName,
            InFlightMax = settings.Mqtt.InFlightMax,
            ReceiptTimeout = TimeSpan.FromSeconds(settings.Mqtt.ReceiptTimeoutS),
        };
        _broker = $"{_mqtt.Host}:{_mqtt.Port}";
        // A refused certificate or password is mended by a person at the broker: a minute between tries is enough.
        _supervisor = new Supervisor("broker", Retry.Usual with { Longest = TimeSpan.FromMinutes(1) },
            TimeProvider.System, log);
    }

    /// <summary>Samples handed to the broker for the first time since the start.</summary>
    public long Sent => Interlocked.Read(ref _publishedBefore) + (_now?.Counts.Published ?? 0);

    /// <summary>Where it stands, in words.</summary>
    public string State => _link?.State switch
    {
        LinkState.Connected => $"connected to {_broker}",
        LinkState.Failed => $"{_broker}: {_link?.Fault}",
        _ => $"connecting to {_broker}",
    };

    /// <summary>Carries until it is told to stop; then returns.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try { await _supervisor.RunAsync(Session, stop); }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Asked for: what has no receipt yet stays in the spool.
        }
    }

    /// <summary>Waits until nothing in the spool lacks its receipt, or for so long.</summary>
    public async Task DrainAsync(TimeSpan most)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (_spool.Counts.Pending > 0 && TimeProvider.System.GetElapsedTime(began) < most) await Task.Delay(Look);
    }

    /// <summary>Sends a segment of video, now or not at all. Any thread.</summary>
    /// <returns>whether it went out</returns>
    public bool Stream(byte[] segment) =>
        _link?.Stream(Topics.Video(_courier.Device), segment) == Delivery.Accepted;

    public static MqttOptions OptionsOf(ApplianceSettings settings)
    {
        var mqtt = settings.Mqtt;
        return new MqttOptions
        {
            Host = mqtt.Host ?? "",
            Port = mqtt.Port,
            ClientId = $"edge-appliance-{settings.DeviceName}",
            UserName = mqtt.User,
            Password = mqtt.PasswordFile is { } file ? File.ReadLines(file).FirstOrDefault() : null,
            IsTls = mqtt.Tls,
            TlsAuthorityFile = mqtt.AuthorityFile,
            TlsCertificateFile = mqtt.CertificateFile,
            TlsKeyFile = mqtt.KeyFile,
        };
    }

    async Task Session(CancellationToken stop)
    {
        using var link = new MosquittoLink(_mqtt, _log);
        using var courier = new Courier(_spool, link, _courier, _log);
        (_link, _now) = (link, courier);
        try { await courier.RunAsync(stop); }
        finally
        {
            _now = null;
            Interlocked.Add(ref _publishedBefore, courier.Counts.Published);
        }
    }
}
