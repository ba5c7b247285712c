using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.CloudSync.Mqtt;

/// <summary>
/// A link over libmosquitto: MQTT 5, QoS 1, a session that outlives the process. The network runs on a thread of its
/// own that calls <c>mosquitto_loop</c>. The library's own loop thread would connect again without our CONNECT
/// properties (2.0 does), so the session would end at the first reconnect, and its back-off has no jitter.
/// </summary>
public sealed partial class MosquittoLink : IMqttLink
{
    const int LoopMs = 200;
    // What a packet needs beside topic and payload: fixed head 5, topic length 2, identifier 2, property length 1.
    const int PacketHeadBytes = 10;
    // Messages sent at most once that wait for the network: two seconds of video.
    const int StreamingMax = 2;
    // MQTT 5: reason codes from here on are refusals.
    const int Refusals = 0x80;
    // A connection that stood so many first pauses begins the next outage's back-off anew.
    const int SettledPauses = 4;
    static readonly TimeSpan CloseTime = TimeSpan.FromSeconds(5);

    readonly MqttOptions _options;
    readonly ILogger _log;
    readonly string _broker;
    readonly MosquittoHandle _handle;
    readonly MosquittoEvents _events = new();
    readonly Thread _thread;
    readonly Lock _gate = new();
    readonly Dictionary<int, long> _unanswered = [];
    readonly HashSet<int> _streaming = [];
    readonly HashSet<int> _subscribing = [];
    readonly ManualResetEventSlim _closing = new();
    ImmutableArray<string> _subscriptions = [];
    IMqttListener? _listener;
    LinkState _state;
    string? _fault;
    long _packetBytesMax;
    long _connects, _losses, _failures, _published, _arrived;
    bool _outageTold;

    /// <exception cref="DllNotFoundException">no libmosquitto 2.0 on this machine; says what to install</exception>
    /// <exception cref="IOException">a TLS file cannot be used</exception>
    public MosquittoLink(MqttOptions options, ILogger log)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Faults().FirstOrDefault() is { } fault) throw new ArgumentException(fault, nameof(options));
        MosquittoLibrary.Require();
        (_options, _log, _broker) = (options, log, $"{options.Host}:{options.Port}");
        _handle = new MosquittoHandle(Mosquitto.mosquitto_new(options.ClientId, cleanStart: false, _events.UserData));
        if (_handle.IsInvalid) throw new IOException($"mosquitto_new: {Marshal.GetLastSystemError()}");
        try { Configure(); }
        catch
        {
            _handle.Dispose();
            _events.Dispose();
            _closing.Dispose();
            throw;
        }

        _thread = new Thread(Run) { Name = $"mqtt {options.ClientId}", IsBackground = true };
    }

    public LinkState State
    {
        get
        {
            lock (_gate) return _state;
        }
    }

    public string? Fault => Volatile.Read(ref _fault);

    public LinkCounts Counts => new(
        Interlocked.Read(ref _connects), Interlocked.Read(ref _losses), Interlocked.Read(ref _failures),
        Interlocked.Read(ref _published), Interlocked.Read(ref _arrived));

    public long? PacketBytesMax => Interlocked.Read(ref _packetBytesMax) is > 0 and var bytes ? bytes : null;

    public void Start(ImmutableArray<string> subscriptions, IMqttListener listener)
    {
        (_subscriptions, _listener) = (subscriptions, listener);
        Set(LinkState.Connecting);
        _thread.Start();
    }

    public Delivery Publish(string topic, ReadOnlySpan<byte> payload, out int publication)
    {
        publication = 0;
        if (IsTooLarge(topic, payload)) return Delivery.TooLarge;
        lock (_gate)
        {
            if (_state != LinkState.Connected) return Delivery.NotConnected;
            if (_unanswered.Count >= _options.InFlightMax) return Delivery.Busy;
            var delivery = Hand(topic, payload, quality: 1, out publication);
            if (delivery != Delivery.Accepted) return delivery;
            _unanswered[publication] = Environment.TickCount64;
            Interlocked.Increment(ref _published);
            return delivery;
        }
    }

    public Delivery Stream(string topic, ReadOnlySpan<byte> payload)
    {
        if (IsTooLarge(topic, payload)) return Delivery.TooLarge;
        lock (_gate)
        {
            if (_state != LinkState.Connected) return Delivery.NotConnected;
            // The library itself keeps what the network does not take, without any limit.
            if (_streaming.Count >= StreamingMax) return Delivery.Busy;
            var delivery = Hand(topic, payload, quality: 0, out int publication);
            if (delivery == Delivery.Accepted) _streaming.Add(publication);
            return delivery;
        }
    }

    bool IsTooLarge(string topic, ReadOnlySpan<byte> payload)
    {
        ArgumentNullException.ThrowIfNull(topic);
        return PacketBytesMax is { } most && payload.Length + (3L * topic.Length) + PacketHeadBytes > most;
    }

    unsafe Delivery Hand(string topic, ReadOnlySpan<byte> payload, int quality, out int publication)
    {
        int result;
        fixed (byte* bytes = payload)
        {
            result = Mosquitto.mosquitto_publish_v5(
                _handle, out publication, topic, payload.Length, bytes, quality, retain: false, 0);
        }

        return result switch
        {
            Mosquitto.Success => Delivery.Accepted,
            MqttFaults.OversizePacket or MqttFaults.PayloadSize => Delivery.TooLarge,
            MqttFaults.OutOfMemory => Delivery.Busy,
            MqttFaults.NoConnection or MqttFaults.ConnectionLost => Delivery.NotConnected,
            _ => throw new InvalidOperationException($"mosquitto_publish_v5: {MqttFaults.Describe(result)}"),
        };
    }

    public void Dispose()
    {
        if (_closing.IsSet) return;
        _closing.Set();
        if (_thread.IsAlive && !_thread.Join(CloseTime))
        {
            // Inside a TCP connect to a host that swallows packets: only the kernel's own time-out, minutes away, ends
            // it. The instance is left to the thread, which must not lose it; the process is going anyway.
            CloseStuck(_log, _broker);
            return;
        }

        _handle.Dispose();
        _events.Dispose();
        _closing.Dispose();
    }

    void Configure()
    {
        Check(Mosquitto.mosquitto_int_option(_handle, Mosquitto.OptionProtocolVersion, Mosquitto.Protocol5), "MQTT 5");
        Check(Mosquitto.mosquitto_int_option(_handle, Mosquitto.OptionTcpNoDelay, 1), "no delay");
        // Publishing happens on other threads than the loop's: makes the library wake its loop instead of writing
        // itself.
        Check(Mosquitto.mosquitto_threaded_set(_handle, true), "mosquitto_threaded_set");
        Check(Mosquitto.mosquitto_max_inflight_messages_set(_handle, (uint)_options.InFlightMax), "in-flight limit");
        if (_options.UserName is not null)
            Check(Mosquitto.mosquitto_username_pw_set(_handle, _options.UserName, _options.Password), "user name");
        if (_options.IsTls)
        {
            // The folder is where Debian, Ubuntu and JetPack keep the system's authorities.
            string? folder = _options.TlsAuthorityFile is null ? "/etc/ssl/certs" : null;
            Check(Mosquitto.mosquitto_tls_set(
                _handle, _options.TlsAuthorityFile, folder, _options.TlsCertificateFile, _options.TlsKeyFile, 0),
                "TLS files");
        }

        MosquittoEvents.Attach(_handle);
    }

    static void Check(int result, string what)
    {
        if (result != Mosquitto.Success) throw new IOException($"libmosquitto: {what}: {MqttFaults.Describe(result)}");
    }

    void Run()
    {
        int failures = 0;
        while (!_closing.IsSet)
        {
            long began = Environment.TickCount64;
            int result = Connect();
            string why = result == Mosquitto.Success ? Converse() : MqttFaults.Describe(result);
            if (_closing.IsSet) break;
            if (Fault is null && MqttFaults.IsFinalResult(result)) Volatile.Write(ref _fault, why);
            bool wasSettled = State == LinkState.Connected
                && Environment.TickCount64 - began > SettledPauses * _options.ReconnectDelayMin.TotalMilliseconds;
            Lose(why);
            if (Fault is not null) return;
            failures = wasSettled ? 0 : failures + 1;
            _closing.Wait(Pause(failures));
        }

        Hangup();
    }

    int Connect()
    {
        nint properties = 0;
        try
        {
            _ = Mosquitto.mosquitto_property_add_int32(
                ref properties, Mosquitto.PropertySessionExpiry, (uint)_options.SessionExpiry.TotalSeconds);
            _ = Mosquitto.mosquitto_property_add_int32(
                ref properties, Mosquitto.PropertyMaximumPacketSize, (uint)_options.PacketBytesMax);
            return Mosquitto.mosquitto_connect_bind_v5(
                _handle, _options.Host, _options.Port, (int)_options.KeepAlive.TotalSeconds, null, properties);
        }
        finally
        {
            Mosquitto.mosquitto_property_free_all(ref properties);
        }
    }

    /// <summary>Runs the connection until it ends; gives why it ended.</summary>
    string Converse()
    {
        string? told = null;
        while (!_closing.IsSet)
        {
            int result = Mosquitto.mosquitto_loop(_handle, LoopMs, 1);
            while (_events.TryTake(out var noted)) told = Tell(noted) ?? told;
            if (result != Mosquitto.Success) return told ?? MqttFaults.Describe(result);
            if (told is not null || IsAnswerOverdue())
            {
                _ = Mosquitto.mosquitto_disconnect_v5(_handle, 0, 0);
                _ = Mosquitto.mosquitto_loop(_handle, 0, 1);
                return told ?? $"the broker left a message unanswered for {_options.AnswerTimeout.TotalSeconds:F0} s";
            }
        }

        return "closed";
    }

    /// <returns>why the connection must end; null while it need not</returns>
    string? Tell(MosquittoEvent noted)
    {
        switch (noted.Kind)
        {
            case MosquittoEventKind.Connected: return Greeted(noted);
            case MosquittoEventKind.Subscribed: return Subscribed(noted);
            case MosquittoEventKind.Disconnected:
                return noted.Code >= Refusals ? MqttFaults.DescribeReason(noted.Code) : null;
            case MosquittoEventKind.Published:
                lock (_gate)
                {
                    if (_streaming.Remove(noted.Id)) return null;
                    _unanswered.Remove(noted.Id);
                }

                _listener!.Answered(noted.Id, AnswerOf(noted.Code), MqttFaults.DescribeReason(noted.Code));
                return null;
            default:
                Interlocked.Increment(ref _arrived);
                _listener!.Arrived(noted.Topic, noted.Payload);
                return null;
        }
    }

    static Answer AnswerOf(int code) => code switch
    {
        < Refusals => Answer.Taken,
        MqttFaults.PacketTooLarge => Answer.TooLarge,
        _ => Answer.Refused,
    };

    string? Greeted(MosquittoEvent noted)
    {
        if (noted.Code >= Refusals)
        {
            string why = MqttFaults.DescribeReason(noted.Code);
            if (MqttFaults.IsFinalReason(noted.Code)) Volatile.Write(ref _fault, why);
            return why;
        }

        Interlocked.Exchange(ref _packetBytesMax, noted.PacketBytesMax ?? 0);
        lock (_gate)
        {
            // The library repeats what was unanswered: its time begins now.
            foreach (int id in _unanswered.Keys.ToArray()) _unanswered[id] = Environment.TickCount64;
        }

        _subscribing.Clear();
        foreach (string topic in _subscriptions)
        {
            int result = Mosquitto.mosquitto_subscribe_v5(_handle, out int id, topic, quality: 1, 0, 0);
            if (result != Mosquitto.Success) return $"subscribing to {topic}: {MqttFaults.Describe(result)}";
            _subscribing.Add(id);
        }

        if (_subscribing.Count == 0) Stand();
        return null;
    }

    string? Subscribed(MosquittoEvent noted)
    {
        if (noted.Code >= Refusals)
            return $"subscribing to {string.Join(", ", _subscriptions)}: {MqttFaults.DescribeReason(noted.Code)}";
        _subscribing.Remove(noted.Id);
        if (_subscribing.Count == 0 && State != LinkState.Connected) Stand();
        return null;
    }

    void Stand()
    {
        Interlocked.Increment(ref _connects);
        Set(LinkState.Connected);
        _outageTold = false;
        ConnectionMade(_log, _broker, _options.ClientId);
        _listener!.Connected();
    }

    void Lose(string why)
    {
        bool wasConnected = State == LinkState.Connected;
        Interlocked.Increment(ref wasConnected ? ref _losses : ref _failures);
        Set(Fault is null ? LinkState.Connecting : LinkState.Failed);
        lock (_gate) _streaming.Clear(); // the library forgets them with the connection
        if (Fault is not null) ConnectionHopeless(_log, _broker, why);
        else if (wasConnected) ConnectionLost(_log, _broker, why);
        else if (!_outageTold) ConnectionFailed(_log, _broker, why);
        _outageTold = true;
        _listener!.Lost(why);
    }

    void Hangup()
    {
        if (State == LinkState.Connected)
        {
            _ = Mosquitto.mosquitto_disconnect_v5(_handle, 0, 0);
            _ = Mosquitto.mosquitto_loop(_handle, LoopMs, 1);
        }

        Set(LinkState.Closed);
    }

    bool IsAnswerOverdue()
    {
        long before = Environment.TickCount64 - (long)_options.AnswerTimeout.TotalMilliseconds;
        lock (_gate)
        {
            foreach (long since in _unanswered.Values)
            {
                if (since < before) return _state == LinkState.Connected;
            }
        }

        return false;
    }

    TimeSpan Pause(int failures)
    {
        double ms = Math.Min(
            _options.ReconnectDelayMin.TotalMilliseconds * Math.Pow(2, Math.Clamp(failures - 1, 0, 16)),
            _options.ReconnectDelayMax.TotalMilliseconds);
        // Between half and the whole: a fleet that lost one broker comes back spread out.
        return TimeSpan.FromMilliseconds(ms * (0.5 + (0.5 * Random.Shared.NextDouble())));
    }

    void Set(LinkState state)
    {
        lock (_gate) _state = state;
    }

    [LoggerMessage(5201, LogLevel.Information, "broker {Broker}: connected as {Client}")]
    static partial void ConnectionMade(ILogger log, string broker, string client);

    [LoggerMessage(5202, LogLevel.Warning, "broker {Broker}: connection lost: {Why}; connecting again until it stands")]
    static partial void ConnectionLost(ILogger log, string broker, string why);

    [LoggerMessage(5203, LogLevel.Warning, "broker {Broker}: no connection: {Why}; trying again until there is one")]
    static partial void ConnectionFailed(ILogger log, string broker, string why);

    [LoggerMessage(5204, LogLevel.Error, "broker {Broker}: given up, no retry can help: {Why}")]
    static partial void ConnectionHopeless(ILogger log, string broker, string why);

    [LoggerMessage(5205, LogLevel.Warning,
        "broker {Broker}: still inside a connect that the network does not answer; left behind")]
    static partial void CloseStuck(ILogger log, string broker);
}
