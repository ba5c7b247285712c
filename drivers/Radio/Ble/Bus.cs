using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using EdgeAppliance.Drivers.Radio.Ble.Binding;

namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>What a call over the bus was answered with, in D-Bus's own words.</summary>
/// <param name="Name">such as <c>org.bluez.Error.NotReady</c></param>
readonly record struct BusError(string Name, string Text);

/// <summary>A connection to a message bus through libsystemd; one thread at a time uses it.</summary>
sealed unsafe class Bus : IDisposable
{
    /// <summary>The bus's own name and object.</summary>
    public const string DaemonName = "org.freedesktop.DBus", DaemonPath = "/org/freedesktop/DBus";

    public const string Properties = "org.freedesktop.DBus.Properties";

    const string Soname = "libsystemd.so.0";

    const int NoSuchFile = -2, Refused = -111;

    /// <summary>BlueZ switches a controller on in a second or two; and a radio stops within 5 s.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    static readonly nint Library = Load();

    readonly BusHandle _bus;
    readonly string _device;

    /// <param name="address">such as <c>unix:path=/run/x/bus</c>; null: the system's bus</param>
    /// <param name="device">what the faults are about, for people</param>
    /// <exception cref="DeviceException">no libsystemd, or no bus at the address</exception>
    public Bus(string? address, string device)
    {
        _device = device;
        if (Library == 0)
        {
            throw new DeviceException(device, "dlopen", $"{Soname} is not there: apt-get install libsystemd0")
            {
                IsFinal = true,
            };
        }

        nint bus = 0;
        int answer = address is null ? SdBus.sd_bus_open_system(&bus) : Open(address, &bus);
        _bus = new BusHandle(bus);
        if (answer >= 0) return;
        _bus.Dispose();
        throw Fault("sd_bus_start", answer);
    }

    public void Dispose() => _bus.Dispose();

    /// <summary>A request to fill in; whoever asks for it gives it to <see cref="TryCall"/> and disposes it.</summary>
    public MessageHandle Request(string destination, string path, string face, string member)
    {
        nint message = 0;
        int answer = SdBus.sd_bus_message_new_method_call(_bus, &message, destination, path, face, member);
        return answer < 0 ? throw Fault(member, answer) : new MessageHandle(message);
    }

    /// <summary>Sends the request and waits for the reply; false with what the other side said against it.</summary>
    public bool TryCall(MessageHandle request, [NotNullWhen(true)] out MessageHandle? reply, out BusError error)
    {
        nint answered = 0;
        SdBusError refusal = default;
        int answer = SdBus.sd_bus_call(_bus, request, (ulong)Patience.TotalMicroseconds, &refusal, &answered);
        error = default;
        reply = null;
        if (answer >= 0)
        {
            reply = new MessageHandle(answered);
            return true;
        }

        error = new BusError(
            Marshal.PtrToStringUTF8((nint)refusal.Name) ?? "",
            Marshal.PtrToStringUTF8((nint)refusal.Message) ?? Marshal.GetPInvokeErrorMessage(-answer));
        SdBus.sd_bus_error_free(&refusal);
        return false;
    }

    /// <summary>Asks the bus for signals of a rule; they come out of <see cref="TryTake"/>.</summary>
    public void Match(string rule)
    {
        using var request = Request(DaemonName, DaemonPath, DaemonName, "AddMatch");
        Append(request, rule);
        if (TryCall(request, out var reply, out var error)) reply.Dispose();
        else throw new DeviceException(_device, "AddMatch", $"{error.Text} ({error.Name})");
    }

    /// <summary>The next message that came; false when there is none. Never waits.</summary>
    /// <exception cref="DeviceException">the bus is gone</exception>
    public bool TryTake([NotNullWhen(true)] out MessageHandle? message)
    {
        while (true)
        {
            nint taken = 0;
            int answer = SdBus.sd_bus_process(_bus, &taken);
            message = taken == 0 ? null : new MessageHandle(taken);
            if (answer < 0)
            {
                message?.Dispose();
                throw Fault("sd_bus_process", answer);
            }

            if (message is not null) return true;
            if (answer == 0) return false;
        }
    }

    /// <summary>Waits until something came, no longer than <paramref name="most"/>.</summary>
    public void Wait(TimeSpan most)
    {
        const int Interrupted = -4;
        int answer = SdBus.sd_bus_wait(_bus, (ulong)Math.Max(0, most.TotalMicroseconds));
        if (answer < 0 && answer != Interrupted) throw Fault("sd_bus_wait", answer);
    }

    public void Append(MessageHandle request, string text)
    {
        nint utf8 = Marshal.StringToCoTaskMemUTF8(text);
        int answer = SdBus.sd_bus_message_append_basic(request, (byte)'s', (void*)utf8);
        Marshal.FreeCoTaskMem(utf8);
        Check(answer);
    }

    public void AppendVariant(MessageHandle request, string text)
    {
        Open(request, 'v', "s"u8);
        Append(request, text);
        Close(request);
    }

    public void AppendVariant(MessageHandle request, bool value)
    {
        int number = value ? 1 : 0;
        Open(request, 'v', "b"u8);
        Check(SdBus.sd_bus_message_append_basic(request, (byte)'b', &number));
        Close(request);
    }

    /// <param name="contents">a u8 literal: it ends in a zero</param>
    public void Open(MessageHandle request, char type, ReadOnlySpan<byte> contents)
    {
        fixed (byte* at = contents) Check(SdBus.sd_bus_message_open_container(request, (byte)type, at));
    }

    public void Close(MessageHandle request) => Check(SdBus.sd_bus_message_close_container(request));

    static int Open(string address, nint* bus)
    {
        int answer = SdBus.sd_bus_new(bus);
        if (answer >= 0) answer = SdBus.sd_bus_set_address(*bus, address);
        if (answer >= 0) answer = SdBus.sd_bus_set_bus_client(*bus, 1);
        return answer < 0 ? answer : SdBus.sd_bus_start(*bus);
    }

    static nint Load()
    {
        if (!NativeLibrary.TryLoad(Soname, out nint loaded)) return 0;
        NativeNames.Register(SdBus.Name, () => loaded);
        return loaded;
    }

    void Check(int answer)
    {
        if (answer < 0) throw Fault("sd_bus_message_append", answer);
    }

    DeviceException Fault(string call, int answer)
    {
        string remedy = answer is NoSuchFile or Refused
            ? ": no message bus runs there; apt-get install dbus, or give the bus's address" : "";
        return new DeviceException(_device, call, $"{Marshal.GetPInvokeErrorMessage(-answer)} ({-answer}){remedy}");
    }
}
