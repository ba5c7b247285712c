using System.Runtime.InteropServices;
using System.Text;
using EdgeAppliance.Drivers.Radio.Ble.Binding;

namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>
/// Reads a D-Bus message in its own order, without allocating: texts and byte arrays are views into the message and
/// end with it. A value of another type than asked for is skipped and answered with null or an empty span; a message
/// that breaks off ends every loop.
/// </summary>
readonly unsafe ref struct BusReader(MessageHandle message)
{
    const byte Array = (byte)'a', Entry = (byte)'e', Variant = (byte)'v', Text = (byte)'s', ObjectPath = (byte)'o';

    readonly MessageHandle _message = message;

    public bool IsSignal
    {
        get
        {
            byte type;
            return SdBus.sd_bus_message_get_type(_message, &type) >= 0 && type == SdBus.Signal;
        }
    }

    public ReadOnlySpan<byte> Member => Span(SdBus.sd_bus_message_get_member(_message));

    public ReadOnlySpan<byte> Path => Span(SdBus.sd_bus_message_get_path(_message));

    public ReadOnlySpan<byte> Sender => Span(SdBus.sd_bus_message_get_sender(_message));

    public ReadOnlySpan<byte> ReadText() => Read(Text);

    public ReadOnlySpan<byte> ReadPath() => Read(ObjectPath);

    /// <summary>Goes into an array; false when another thing stands there.</summary>
    /// <param name="contents">the signature of an element, ending in a zero as every u8 literal does</param>
    public bool EnterArray(ReadOnlySpan<byte> contents) => Enter(Array, contents);

    /// <summary>Goes into the next entry of a dictionary; false behind the last.</summary>
    public bool EnterEntry(ReadOnlySpan<byte> contents) => Enter(Entry, contents);

    public void Exit() => _ = SdBus.sd_bus_message_exit_container(_message);

    /// <summary>Back to the message's beginning.</summary>
    public void Rewind() => _ = SdBus.sd_bus_message_rewind(_message, 1);

    /// <summary>Passes over a value of the signature.</summary>
    public void Skip(ReadOnlySpan<byte> types)
    {
        fixed (byte* at = types) _ = SdBus.sd_bus_message_skip(_message, at);
    }

    /// <summary>Goes into the variant when it holds the signature, else passes over it.</summary>
    public bool TryEnterVariant(ReadOnlySpan<byte> contents)
    {
        byte type;
        byte* inside;
        bool isIt = SdBus.sd_bus_message_peek_type(_message, &type, &inside) > 0 && type == Variant
            && Span(inside).SequenceEqual(contents);
        if (isIt) return Enter(Variant, contents);
        Skip("v"u8);
        return false;
    }

    public short? ReadInt16Variant()
    {
        short value = 0;
        return TryReadVariant("n"u8, &value) ? value : null;
    }

    public bool? ReadBooleanVariant()
    {
        int value = 0; // sd-bus reads a boolean as an int
        return TryReadVariant("b"u8, &value) ? value != 0 : null;
    }

    public ReadOnlySpan<byte> ReadTextVariant()
    {
        byte* at = null;
        return TryReadVariant("s"u8, &at) ? Span(at) : default;
    }

    /// <summary>The bytes of a variant of <c>ay</c>; false for another type.</summary>
    public bool TryReadBytesVariant(out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (!TryEnterVariant("ay"u8)) return false;
        void* at = null;
        nuint count = 0;
        bool isRead = SdBus.sd_bus_message_read_array(_message, (byte)'y', &at, &count) >= 0;
        if (isRead) bytes = new ReadOnlySpan<byte>(at, (int)count);
        Exit();
        return isRead;
    }

    public ushort ReadUInt16()
    {
        ushort value = 0;
        _ = SdBus.sd_bus_message_read_basic(_message, (byte)'q', &value);
        return value;
    }

    public static string ToText(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text);

    static ReadOnlySpan<byte> Span(byte* text) => MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text);

    ReadOnlySpan<byte> Read(byte type)
    {
        byte* at = null;
        return SdBus.sd_bus_message_read_basic(_message, type, &at) > 0 ? Span(at) : default;
    }

    bool Enter(byte type, ReadOnlySpan<byte> contents)
    {
        fixed (byte* at = contents) return SdBus.sd_bus_message_enter_container(_message, type, at) > 0;
    }

    bool TryReadVariant(ReadOnlySpan<byte> type, void* into)
    {
        if (!TryEnterVariant(type)) return false;
        bool isRead = SdBus.sd_bus_message_read_basic(_message, type[0], into) > 0;
        Exit();
        return isRead;
    }
}
