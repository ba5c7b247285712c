using System.Runtime.InteropServices;

namespace EdgeAppliance.Drivers.Radio.Ble.Binding;

/// <summary>
/// The functions of libsystemd's sd-bus used here, named as in sd-bus.h. None of them takes a variable number of
/// arguments: those have another calling convention on some machines. All are in systemd 241 and newer; JetPack 5 has
/// 245.
/// </summary>
static unsafe partial class SdBus
{
    public const string Name = "systemd";

    /// <summary>Types of messages (sd_bus_message_get_type).</summary>
    public const byte Signal = 4;

    [LibraryImport(Name)]
    public static partial int sd_bus_open_system(nint* bus);

    [LibraryImport(Name)]
    public static partial int sd_bus_new(nint* bus);

    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_set_address(nint bus, string address);

    [LibraryImport(Name)]
    public static partial int sd_bus_set_bus_client(nint bus, int isClient);

    [LibraryImport(Name)]
    public static partial int sd_bus_start(nint bus);

    [LibraryImport(Name)]
    public static partial nint sd_bus_close_unref(nint bus);

    /// <summary>1: something was done, perhaps with a message; 0: nothing to do; negative: an errno.</summary>
    [LibraryImport(Name)]
    public static partial int sd_bus_process(BusHandle bus, nint* message);

    [LibraryImport(Name)]
    public static partial int sd_bus_wait(BusHandle bus, ulong microseconds);

    [LibraryImport(Name)]
    public static partial int sd_bus_call(
        BusHandle bus, MessageHandle request, ulong microseconds, SdBusError* error, nint* reply);

    [LibraryImport(Name)]
    public static partial void sd_bus_error_free(SdBusError* error);

    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_message_new_method_call(
        BusHandle bus, nint* message, string destination, string path, string face, string member);

    [LibraryImport(Name)]
    public static partial nint sd_bus_message_unref(nint message);

    [LibraryImport(Name)]
    public static partial int sd_bus_message_append_basic(MessageHandle message, byte type, void* value);

    [LibraryImport(Name)]
    public static partial int sd_bus_message_open_container(MessageHandle message, byte type, byte* contents);

    [LibraryImport(Name)]
    public static partial int sd_bus_message_close_container(MessageHandle message);

    [LibraryImport(Name)]
    public static partial int sd_bus_message_get_type(MessageHandle message, byte* type);

    [LibraryImport(Name)]
    public static partial byte* sd_bus_message_get_member(MessageHandle message);

    [LibraryImport(Name)]
    public static partial byte* sd_bus_message_get_path(MessageHandle message);

    [LibraryImport(Name)]
    public static partial byte* sd_bus_message_get_sender(MessageHandle message);

    [LibraryImport(Name)]
    public static partial int sd_bus_message_peek_type(MessageHandle message, byte* type, byte** contents);

    [LibraryImport(Name)]
    public static partial int sd_bus_message_enter_container(MessageHandle message, byte type, byte* contents);

    [LibraryImport(Name)]
    public static partial int sd_bus_message_exit_container(MessageHandle message);

    [LibraryImport(Name)]
    public static partial int sd_bus_message_read_basic(MessageHandle message, byte type, void* value);

    [LibraryImport(Name)]
    public static partial int sd_bus_message_read_array(
        MessageHandle message, byte type, void** at, nuint* bytes);

    [LibraryImport(Name)]
    public static partial int sd_bus_message_rewind(MessageHandle message, int isComplete);

    [LibraryImport(Name)]
    public static partial int sd_bus_message_skip(MessageHandle message, byte* types);
}

/// <summary>sd_bus_error of sd-bus-protocol: two pointers and a flag, the same on every 64-bit Linux.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct SdBusError
{
    public byte* Name;
    public byte* Message;
    public int NeedFree;
}

/// <summary>An sd_bus: one connection.</summary>
sealed class BusHandle : SafeHandle
{
    public BusHandle(nint opened) : base(0, ownsHandle: true) => SetHandle(opened);

    public override bool IsInvalid => handle == 0;

    // Not flushed first: a bus that no longer reads would hold the caller, and what is unsent here only asks.
    protected override bool ReleaseHandle()
    {
        _ = SdBus.sd_bus_close_unref(handle);
        return true;
    }
}

/// <summary>An sd_bus_message, read or being written.</summary>
sealed class MessageHandle : SafeHandle
{
    public MessageHandle(nint taken) : base(0, ownsHandle: true) => SetHandle(taken);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        _ = SdBus.sd_bus_message_unref(handle);
        return true;
    }
}
