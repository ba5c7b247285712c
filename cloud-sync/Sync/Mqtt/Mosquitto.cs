using System.Runtime.InteropServices;

namespace EdgeAppliance.CloudSync.Mqtt;

/// <summary>libmosquitto 2.0, names as in its header; what the link uses and no more.</summary>
static unsafe partial class Mosquitto
{
    public const string Library = "mosquitto";

    public const int Success = 0;
    public const int OptionProtocolVersion = 1;
    public const int OptionTcpNoDelay = 11;
    public const int Protocol5 = 5;

    public const int PropertySessionExpiry = 17;
    public const int PropertyMaximumPacketSize = 39;

    [LibraryImport(Library)]
    public static partial int mosquitto_lib_version(out int major, out int minor, out int revision);

    [LibraryImport(Library)]
    public static partial int mosquitto_lib_init();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint mosquitto_new(string id, [MarshalAs(UnmanagedType.U1)] bool cleanStart, nint userData);

    [LibraryImport(Library)]
    public static partial void mosquitto_destroy(nint link);

    [LibraryImport(Library)]
    public static partial int mosquitto_int_option(MosquittoHandle link, int option, int value);

    [LibraryImport(Library)]
    public static partial int mosquitto_threaded_set(MosquittoHandle link, [MarshalAs(UnmanagedType.U1)] bool threaded);

    [LibraryImport(Library)]
    public static partial int mosquitto_max_inflight_messages_set(MosquittoHandle link, uint count);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mosquitto_username_pw_set(MosquittoHandle link, string? user, string? password);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mosquitto_tls_set(
        MosquittoHandle link, string? authorityFile, string? authorityFolder, string? certificateFile, string? keyFile,
        nint password);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mosquitto_connect_bind_v5(
        MosquittoHandle link, string host, int port, int keepAliveS, string? bindAddress, nint properties);

    [LibraryImport(Library)]
    public static partial int mosquitto_disconnect_v5(MosquittoHandle link, int reason, nint properties);

    [LibraryImport(Library)]
    public static partial int mosquitto_loop(MosquittoHandle link, int timeoutMs, int packetsMax);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mosquitto_publish_v5(
        MosquittoHandle link, out int id, string topic, int bytes, byte* payload, int quality,
        [MarshalAs(UnmanagedType.U1)] bool retain, nint properties);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mosquitto_subscribe_v5(
        MosquittoHandle link, out int id, string topic, int quality, int options, nint properties);

    [LibraryImport(Library)]
    public static partial int mosquitto_property_add_int32(ref nint list, int identifier, uint value);

    [LibraryImport(Library)]
    public static partial void mosquitto_property_free_all(ref nint list);

    [LibraryImport(Library)]
    public static partial nint mosquitto_property_read_int32(
        nint list, int identifier, out uint value, [MarshalAs(UnmanagedType.U1)] bool skipFirst);

    [LibraryImport(Library)]
    public static partial void mosquitto_connect_v5_callback_set(
        MosquittoHandle link, delegate* unmanaged[Cdecl]<nint, nint, int, int, nint, void> told);

    [LibraryImport(Library)]
    public static partial void mosquitto_disconnect_v5_callback_set(
        MosquittoHandle link, delegate* unmanaged[Cdecl]<nint, nint, int, nint, void> told);

    [LibraryImport(Library)]
    public static partial void mosquitto_publish_v5_callback_set(
        MosquittoHandle link, delegate* unmanaged[Cdecl]<nint, nint, int, int, nint, void> told);

    [LibraryImport(Library)]
    public static partial void mosquitto_subscribe_v5_callback_set(
        MosquittoHandle link, delegate* unmanaged[Cdecl]<nint, nint, int, int, int*, nint, void> told);

    [LibraryImport(Library)]
    public static partial void mosquitto_message_v5_callback_set(
        MosquittoHandle link, delegate* unmanaged[Cdecl]<nint, nint, MosquittoMessage*, nint, void> told);

    /// <summary>struct mosquitto_message, unchanged since libmosquitto 1.0.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MosquittoMessage
    {
        public int Id;
        public byte* Topic;
        public byte* Payload;
        public int PayloadBytes;
        public int Quality;
        public byte IsRetained;
    }
}

/// <summary>A client instance; destroyed exactly once.</summary>
sealed class MosquittoHandle() : SafeHandle(0, ownsHandle: true)
{
    public MosquittoHandle(nint instance) : this() => SetHandle(instance);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        Mosquitto.mosquitto_destroy(handle);
        return true;
    }
}
