using EdgeAppliance.Drivers.Radio.Ble.Binding;
using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>How a local adapter scans.</summary>
sealed record BluezOptions
{
    /// <summary>Such as <c>hci0</c>; null: the first by name.</summary>
    public string? Adapter { get; init; }

    /// <summary>The message bus, such as <c>unix:path=/run/dbus/system_bus_socket</c>; null: the system's.</summary>
    public string? BusAddress { get; init; }

    /// <summary>
    /// Hearing nothing for so long, discovery is stopped and started: some controllers go deaf without saying so.
    /// </summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromMinutes(1);
}

/// <summary>
/// A Bluetooth adapter through BlueZ's D-Bus interface (org.bluez.Adapter1, Device1): switched on, set to discover
/// low-energy devices with duplicates, and followed. One message a call: one received advertisement
/// (<see cref="Advertisement"/>). A session ends with a <see cref="DeviceException"/> when the adapter is unplugged or
/// switched off, or bluetoothd ends; discovery that stopped is started again here.
/// </summary>
sealed partial class BluezSource : IRawSource
{
    const string Bluez = "org.bluez", Adapter1 = "org.bluez.Adapter1", Objects = "org.freedesktop.DBus.ObjectManager";

    /// <summary>About 1 KB each. BlueZ forgets a device 30 s after it was last heard, and says so.</summary>
    const int DevicesMax = 4096;

    const int ResumedInARowMax = 5;

    // A stop right after a start is told apart from a controller that stops at once: no more than one start a second.
    static readonly TimeSpan Between = TimeSpan.FromSeconds(1);

    readonly BluezOptions _options;
    readonly ScanCounts _counts;
    readonly ILogger _log;
    readonly Bus _bus;
    readonly Dictionary<ulong, BluezDevice> _devices = [];
    string _adapter = "";
    byte[] _adapterPath = [];
    byte[] _owner = [];
    bool _isPowered;
    bool _isStopped;
    int _resumedInARow;
    MonoTime _lastHeard;
    MonoTime _lastStart;

    /// <summary>Opens a session: finds the adapter, switches it on, starts discovery. Takes a second or two.</summary>
    /// <param name="counts">counted over all sessions</param>
    /// <exception cref="DeviceException">no bus, no bluetoothd, no adapter, or it may not be used: with a remedy
    /// </exception>
    public BluezSource(BluezOptions options, ScanCounts counts, ILogger log)
    {
        _options = options;
        _counts = counts;
        _log = log;
        Name = options.Adapter is null ? "bluez" : $"bluez:{options.Adapter}";
        _bus = new Bus(options.BusAddress, Name);
        bool isOpen = false;
        try
        {
            Open();
            isOpen = true;
        }
        finally
        {
            if (!isOpen) _bus.Dispose();
        }
    }

    public string Name { get; private set; }

    public int Read(Span<byte> into, TimeSpan wait, out MonoTime at)
    {
        var until = MonoTime.Now + wait;
        while (true)
        {
            at = MonoTime.Now;
            while (_bus.TryTake(out var message))
            {
                at = MonoTime.Now;
                using (message)
                {
                    if (Follow(new BusReader(message), into, out int bytes)) return Heard(at, bytes);
                }

                if (at > until) return 0;
            }

            Mend(at);
            if (at >= until) return 0;
            var left = until - at;
            _bus.Wait(left < Between ? left : Between);
        }
    }

    /// <summary>A scanner is never asked.</summary>
    public void Write(ReadOnlySpan<byte> bytes) { }

    /// <summary>Closes the connection, upon which BlueZ stops the discovery this session had asked for.</summary>
    public void Dispose() => _bus.Dispose();

    void Open()
    {
        _bus.Match($"type='signal',sender='{Bluez}',interface='{Objects}'");
        _bus.Match($"type='signal',sender='{Bluez}',interface='{Bus.Properties}',member='PropertiesChanged',"
            + "path_namespace='/org/bluez'");
        _bus.Match($"type='signal',sender='{Bus.DaemonName}',member='NameOwnerChanged',arg0='{Bluez}'");
        // The objects first: asking for them starts bluetoothd where the system does that on demand.
        using (var objects = Call("/", Objects, "GetManagedObjects"))
        {
            TakeObjects(new BusReader(objects)); // an adapter
            TakeObjects(new BusReader(objects)); // and what is below it, in whatever order they come
        }

        using (var owner = Call(Bus.DaemonName, Bus.DaemonPath, Bus.DaemonName, "GetNameOwner", Bluez))
            _owner = new BusReader(owner).ReadText().ToArray();
        if (_adapter.Length == 0) throw BluezFaults.NoAdapter(Name, _options.Adapter);
        Name = $"bluez:{_adapter[(_adapter.LastIndexOf('/') + 1)..]}";
        if (!_isPowered) SwitchOn();
        Start();
        _lastHeard = MonoTime.Now;
        Scanning(_log, Name);
    }

    void TakeObjects(BusReader objects)
    {
        objects.Rewind();
        objects.EnterArray("{oa{sa{sv}}}"u8);
        while (objects.EnterEntry("oa{sa{sv}}"u8))
        {
            TakeInterfaces(objects, objects.ReadPath(), isHeard: false);
            objects.Exit();
        }

        objects.Exit();
    }

    /// <summary>
    /// Takes a path's interfaces a{sa{sv}}: an adapter, while opening, and devices below it. Answers the device that
    /// was heard; what BlueZ remembers from before was not.
    /// </summary>
    BluezDevice? TakeInterfaces(BusReader interfaces, ReadOnlySpan<byte> path, bool isHeard)
    {
        BluezDevice? heard = null;
        interfaces.EnterArray("{sa{sv}}"u8);
        while (interfaces.EnterEntry("sa{sv}"u8))
        {
            var name = interfaces.ReadText();
            if (name.SequenceEqual("org.bluez.Adapter1"u8) && !isHeard && IsWanted(path)) TakeAdapter(interfaces, path);
            else if (name.SequenceEqual("org.bluez.Device1"u8) && DeviceAt(path) is { } device)
            {
                bool isNew = device.Take(interfaces);
                if (isHeard && isNew) heard = device;
                else if (!isHeard) device.ForgetPower();
            }
            else interfaces.Skip("a{sv}"u8);

            interfaces.Exit();
        }

        interfaces.Exit();
        return heard;
    }

    // Of several the first by name: BlueZ lists them in any order.
    bool IsWanted(ReadOnlySpan<byte> path) => BluezPath.IsAdapter(path)
        && (_options.Adapter is { } wanted
            ? BusReader.ToText(path) == $"/org/bluez/{wanted}"
            : _adapterPath.Length == 0 || path.SequenceCompareTo(_adapterPath) < 0);

    void TakeAdapter(BusReader interfaces, ReadOnlySpan<byte> path)
    {
        _adapter = BusReader.ToText(path);
        _adapterPath = path.ToArray();
        TakeAdapterProperties(interfaces);
    }

    void TakeAdapterProperties(BusReader properties)
    {
        properties.EnterArray("{sv}"u8);
        while (properties.EnterEntry("sv"u8))
        {
            var name = properties.ReadText();
            if (name.SequenceEqual("Powered"u8)) _isPowered = properties.ReadBooleanVariant() ?? _isPowered;
            else if (name.SequenceEqual("Discovering"u8)) _isStopped = properties.ReadBooleanVariant() == false;
            else properties.Skip("v"u8);
            properties.Exit();
        }

        properties.Exit();
    }

    /// <summary>Follows one signal; true when it was an advertisement, now in <paramref name="into"/>.</summary>
    bool Follow(BusReader message, Span<byte> into, out int bytes)
    {
        bytes = 0;
        if (!message.IsSignal) return false;
        var member = message.Member;
        if (member.SequenceEqual("NameOwnerChanged"u8))
        {
            FollowOwner(message);
            return false;
        }

        // Anybody on the bus may send us a signal: only bluetoothd is believed.
        if (!message.Sender.SequenceEqual(_owner)) return false;
        BluezDevice? heard = null;
        if (member.SequenceEqual("PropertiesChanged"u8)) heard = TakeChange(message);
        else if (member.SequenceEqual("InterfacesAdded"u8)) heard = TakeInterfaces(message, message.ReadPath(), true);
        else if (member.SequenceEqual("InterfacesRemoved"u8)) TakeRemoval(message);
        return heard?.RssiDbm is not null && TryWrite(heard, into, out bytes);
    }

    void FollowOwner(BusReader message)
    {
        if (!message.Sender.SequenceEqual("org.freedesktop.DBus"u8)) return;
        if (!message.ReadText().SequenceEqual("org.bluez"u8)) return;
        message.ReadText(); // the one before
        // The bluetoothd that our own first question started is the one we know.
        if (!message.ReadText().SequenceEqual(_owner)) throw BluezFaults.DaemonGone(Name);
    }

    BluezDevice? TakeChange(BusReader message)
    {
        var path = message.Path;
        var name = message.ReadText();
        if (name.SequenceEqual("org.bluez.Device1"u8) && DeviceAt(path) is { } device)
        {
            bool isHeard = device.Take(message);
            if (IsPowerInvalid(message)) device.ForgetPower();
            return isHeard ? device : null;
        }

        if (!name.SequenceEqual("org.bluez.Adapter1"u8) || !path.SequenceEqual(_adapterPath)) return null;
        TakeAdapterProperties(message);
        if (!_isPowered) throw BluezFaults.SwitchedOff(Name);
        return null;
    }

    static bool IsPowerInvalid(BusReader message)
    {
        bool isInvalid = false;
        if (!message.EnterArray("s"u8)) return false;
        for (var name = message.ReadText(); !name.IsEmpty; name = message.ReadText())
            isInvalid |= name.SequenceEqual("RSSI"u8);
        message.Exit();
        return isInvalid;
    }

    void TakeRemoval(BusReader message)
    {
        var path = message.ReadPath();
        if (BluezPath.TryReadDevice(path, _adapterPath, out ulong address)) _devices.Remove(address);
        if (!path.SequenceEqual(_adapterPath) || !message.EnterArray("s"u8)) return;
        for (var name = message.ReadText(); !name.IsEmpty; name = message.ReadText())
        {
            if (name.SequenceEqual("org.bluez.Adapter1"u8)) throw BluezFaults.Unplugged(Name);
        }
    }

    BluezDevice? DeviceAt(ReadOnlySpan<byte> path)
    {
        if (!BluezPath.TryReadDevice(path, _adapterPath, out ulong address)) return null;
        if (_devices.TryGetValue(address, out var known)) return known;
        if (_devices.Count >= DevicesMax)
        {
            _devices.Remove(_devices.Keys.First());
            _counts.CountForgotten();
        }

        return _devices[address] = new BluezDevice(address);
    }

    bool TryWrite(BluezDevice device, Span<byte> into, out int bytes)
    {
        if (device.TryWrite(DateTimeOffset.UtcNow, into, out bytes)) return true;
        _counts.CountTooLong();
        return false;
    }

    int Heard(MonoTime at, int bytes)
    {
        _lastHeard = at;
        _resumedInARow = 0;
        _counts.CountHeard();
        return bytes;
    }

    /// <summary>Starts discovery again that was stopped or went deaf.</summary>
    void Mend(MonoTime now)
    {
        if (now - _lastStart < Between) return;
        if (_isStopped)
        {
            if (++_resumedInARow > ResumedInARowMax) throw BluezFaults.KeepsStopping(Name, ResumedInARowMax);
            _counts.CountResumed();
            Resumed(_log, Name, _counts.Resumed);
            Start();
        }
        else if (now - (_lastHeard > _lastStart ? _lastHeard : _lastStart) >= _options.Silence)
        {
            _counts.CountNudged();
            Nudged(_log, Name, _options.Silence.TotalSeconds);
            using (var request = _bus.Request(Bluez, _adapter, Adapter1, "StopDiscovery"))
            {
                // Refused when there is no discovery any more, which is as good.
                if (_bus.TryCall(request, out var reply, out _)) reply.Dispose();
            }

            Start();
        }
    }

    void SwitchOn()
    {
        using var request = _bus.Request(Bluez, _adapter, Bus.Properties, "Set");
        _bus.Append(request, Adapter1);
        _bus.Append(request, "Powered");
        _bus.AppendVariant(request, true);
        Send(request, "Powered").Dispose();
        _isPowered = true;
    }

    void Start()
    {
        _lastStart = MonoTime.Now;
        _isStopped = false;
        using (var filter = _bus.Request(Bluez, _adapter, Adapter1, "SetDiscoveryFilter"))
        {
            _bus.Open(filter, 'a', "{sv}"u8);
            _bus.Open(filter, 'e', "sv"u8);
            _bus.Append(filter, "Transport");
            _bus.AppendVariant(filter, "le");
            _bus.Close(filter);
            _bus.Open(filter, 'e', "sv"u8);
            _bus.Append(filter, "DuplicateData");
            _bus.AppendVariant(filter, true);
            _bus.Close(filter);
            _bus.Close(filter);
            Send(filter, "SetDiscoveryFilter").Dispose();
        }

        using var start = _bus.Request(Bluez, _adapter, Adapter1, "StartDiscovery");
        if (_bus.TryCall(start, out var reply, out var error)) reply.Dispose();
        // Ours runs already, and BlueZ only holds it up for a while.
        else if (error.Name != "org.bluez.Error.InProgress") throw BluezFaults.Of(Name, "StartDiscovery", error);
    }

    MessageHandle Call(string path, string face, string member) => Call(Bluez, path, face, member, null);

    MessageHandle Call(string destination, string path, string face, string member, string? argument)
    {
        using var request = _bus.Request(destination, path, face, member);
        if (argument is not null) _bus.Append(request, argument);
        return Send(request, member);
    }

    MessageHandle Send(MessageHandle request, string call) => _bus.TryCall(request, out var reply, out var error)
        ? reply
        : throw BluezFaults.Of(Name, call, error);

    [LoggerMessage(1830, LogLevel.Information, "{Scanner}: scanning")]
    static partial void Scanning(ILogger log, string scanner);

    [LoggerMessage(1831, LogLevel.Warning, "{Scanner}: discovery was stopped by others, started again ({Times} times)")]
    static partial void Resumed(ILogger log, string scanner, long times);

    [LoggerMessage(1832, LogLevel.Information, "{Scanner}: nothing heard for {Seconds:F0} s, discovery started anew")]
    static partial void Nudged(ILogger log, string scanner, double seconds);
}
