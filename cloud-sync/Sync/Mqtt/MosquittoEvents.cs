using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace EdgeAppliance.CloudSync.Mqtt;

enum MosquittoEventKind { Connected, Disconnected, Published, Subscribed, Arrived }

/// <summary>What a callback was told.</summary>
/// <param name="Id">of the message or subscription</param>
/// <param name="Code">reason code; of a subscription the worst granted one</param>
readonly record struct MosquittoEvent(
    MosquittoEventKind Kind, int Id, int Code, string Topic, ReadOnlyMemory<byte> Payload, long? PacketBytesMax);

/// <summary>
/// The library's callbacks. They run inside <c>mosquitto_loop</c>, on the link's thread, and only note what they are
/// told: nobody else's code runs under native frames, so nothing of ours can throw through them.
/// </summary>
sealed unsafe class MosquittoEvents : IDisposable
{
    readonly Queue<MosquittoEvent> _noted = new();
    GCHandle _self;

    public MosquittoEvents() => _self = GCHandle.Alloc(this);

    public nint UserData => GCHandle.ToIntPtr(_self);

    public bool TryTake(out MosquittoEvent noted) => _noted.TryDequeue(out noted);

    public static void Attach(MosquittoHandle link)
    {
        Mosquitto.mosquitto_connect_v5_callback_set(link, &Connected);
        Mosquitto.mosquitto_disconnect_v5_callback_set(link, &Disconnected);
        Mosquitto.mosquitto_publish_v5_callback_set(link, &Published);
        Mosquitto.mosquitto_subscribe_v5_callback_set(link, &Subscribed);
        Mosquitto.mosquitto_message_v5_callback_set(link, &Arrived);
    }

    /// <summary>After the library's instance is destroyed, never before.</summary>
    public void Dispose()
    {
        if (_self.IsAllocated) _self.Free();
    }

    static void Note(nint userData, MosquittoEvent noted) =>
        ((MosquittoEvents)GCHandle.FromIntPtr(userData).Target!)._noted.Enqueue(noted);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Connected(nint link, nint userData, int code, int flags, nint properties)
    {
        nint found = Mosquitto.mosquitto_property_read_int32(
            properties, Mosquitto.PropertyMaximumPacketSize, out uint bytes, skipFirst: false);
        long? packetBytesMax = found != 0 ? bytes : null;
        Note(userData, new MosquittoEvent(MosquittoEventKind.Connected, 0, code, "", default, packetBytesMax));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Disconnected(nint link, nint userData, int code, nint properties) =>
        Note(userData, new MosquittoEvent(MosquittoEventKind.Disconnected, 0, code, "", default, null));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Published(nint link, nint userData, int id, int code, nint properties) =>
        Note(userData, new MosquittoEvent(MosquittoEventKind.Published, id, code, "", default, null));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Subscribed(nint link, nint userData, int id, int count, int* granted, nint properties)
    {
        int worst = 0;
        for (int i = 0; i < count; i++) worst = Math.Max(worst, granted[i]);
        Note(userData, new MosquittoEvent(MosquittoEventKind.Subscribed, id, worst, "", default, null));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Arrived(nint link, nint userData, Mosquitto.MosquittoMessage* message, nint properties)
    {
        // A topic is UTF-8 by the standard; what is not becomes a replacement mark and matches no topic of ours.
        string topic = Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(message->Topic));
        byte[] payload = new ReadOnlySpan<byte>(message->Payload, message->PayloadBytes).ToArray();
        Note(userData, new MosquittoEvent(MosquittoEventKind.Arrived, message->Id, 0, topic, payload, null));
    }
}
