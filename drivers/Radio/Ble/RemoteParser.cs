using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>What came of other scanners' messages.</summary>
/// <param name="Readings">of a tag of the book: an observation each</param>
/// <param name="Unknown">of nobody in the book: counted, kept nowhere</param>
/// <param name="Stamped">of the readings, those whose own stamp was used; the rest has the time of arrival</param>
public readonly record struct RemoteCounts(long Readings, long Unknown, long Stamped);

/// <summary>
/// Messages of other scanners to received powers of tags.
/// <list type="bullet">
/// <item>Our own: JSON <c>{"scanner": "S2", "tag": "T01", "rssi": -61, "t": 12.25}</c> or an array of such, on any
/// topic. <c>t</c> is seconds of the scanner's own clock with any zero, and may be left out.</item>
/// <item>ESPresense: <c>espresense/devices/ID/ROOM</c> with its JSON, of which <c>rssi</c> and <c>rssiVar</c> (dB^2)
/// are taken. The room is the scanner's name.</item>
/// </list>
/// Recorded, a message is: version 1, the topic's length (uint16, little endian), the topic in UTF-8, the payload.
/// </summary>
sealed class RemoteParser : IRawParser
{
    /// <summary>Longer messages are malformed: an array of <see cref="ReadingsMax"/> is about 20 kB.</summary>
    public const int MessageBytesMax = 65_536;

    /// <summary>MQTT allows 65,535; an ESPresense topic has about 100.</summary>
    public const int TopicBytesMax = 1024;

    /// <summary>Readings taken of one message.</summary>
    public const int ReadingsMax = 256;

    /// <summary>Scanners whose clocks are followed; those that come after these are stamped on arrival.</summary>
    public const int ScannersMax = 256;

    const byte Version = 1;
    const int HeadBytes = 3;
    const int DepthMax = 8;

    readonly BeaconShelf _shelf;
    readonly Dictionary<string, RemoteScanner> _scanners = new(StringComparer.Ordinal);
    readonly Dictionary<string, RemoteScanner>.AlternateLookup<ReadOnlySpan<char>> _byName;
    RemoteCounts _counts;

    public RemoteParser(BeaconShelf shelf)
    {
        _shelf = shelf;
        _byName = _scanners.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public long Malformed { get; private set; }

    /// <summary>What came of the readings in them.</summary>
    public RemoteCounts Counts => _counts;

    /// <summary>The message of a topic and its payload; null for one longer than is taken.</summary>
    public static byte[]? Message(string topic, ReadOnlySpan<byte> payload)
    {
        int length = Encoding.UTF8.GetByteCount(topic);
        if (length > TopicBytesMax || payload.Length > MessageBytesMax) return null;
        byte[] bytes = new byte[HeadBytes + length + payload.Length];
        bytes[0] = Version;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(1), (ushort)length);
        Encoding.UTF8.GetBytes(topic, bytes.AsSpan(HeadBytes));
        payload.CopyTo(bytes.AsSpan(HeadBytes + length));
        return bytes;
    }

    public void Take(MonoTime at, ReadOnlySpan<byte> bytes, List<Observation> into)
    {
        int length = bytes.Length < HeadBytes || bytes[0] != Version
            ? int.MaxValue : BinaryPrimitives.ReadUInt16LittleEndian(bytes[1..]);
        if (length > TopicBytesMax || HeadBytes + length > bytes.Length) Malformed++;
        else Take(at, Encoding.UTF8.GetString(bytes.Slice(HeadBytes, length)), bytes[(HeadBytes + length)..], into);
    }

    /// <summary>Forgets the scanners' clocks.</summary>
    public void Reset() => _scanners.Clear();

    public void Take(MonoTime arrived, string topic, ReadOnlySpan<byte> payload, List<Observation> into)
    {
        bool isGood = payload.Length <= MessageBytesMax && topic.Length <= TopicBytesMax
            && TryTake(topic, payload, arrived, into);
        if (!isGood) Malformed++;
    }

    bool TryTake(string topic, ReadOnlySpan<byte> payload, MonoTime arrived, List<Observation> into)
    {
        var json = new Utf8JsonReader(payload, new JsonReaderOptions { MaxDepth = DepthMax });
        try
        {
            bool isGood = json.Read() && (EspresenseTopic.Is(topic)
                ? TryTakeEspresense(topic, ref json, arrived, into)
                : TryTakeOwn(ref json, arrived, into));
            return isGood && !json.Read(); // nothing may stand behind it
        }
        catch (JsonException)
        {
            return false;
        }
        catch (InvalidOperationException)
        {
            return false; // the reader's word for text that is no UTF-8
        }
    }

    bool TryTakeOwn(ref Utf8JsonReader json, MonoTime arrived, List<Observation> into)
    {
        bool isMany = json.TokenType == JsonTokenType.StartArray;
        if (isMany) json.Read();
        for (int taken = 0; json.TokenType == JsonTokenType.StartObject; taken++)
        {
            bool isGood = RemoteReading.TryRead(ref json, out var reading) && taken < ReadingsMax && reading.HasPower
                && reading is { Scanner: not null, Tag: not null };
            if (!isGood) return false;
            Take(reading, _shelf.Book.Tags.TryGetValue(reading.Tag, out string? tag) ? tag : null,
                reading.Scanner, arrived, into);
            if (!isMany) return true;
            json.Read();
        }

        return isMany && json.TokenType == JsonTokenType.EndArray;
    }

    bool TryTakeEspresense(string topic, ref Utf8JsonReader json, MonoTime arrived, List<Observation> into)
    {
        if (!EspresenseTopic.TryRead(topic, out var id, out var room)) return false;
        if (!RemoteReading.TryRead(ref json, out var reading) || !reading.HasPower) return false;
        reading.T = null; // a node sends none; a member of that name would be something else
        Take(reading, EspresenseTopic.TagOf(_shelf.Book, id), room, arrived, into);
        return true;
    }

    void Take(
        in RemoteReading reading, string? tag, ReadOnlySpan<char> scanner, MonoTime arrived, List<Observation> into)
    {
        // Strangers leave no trace, not even their scanner's.
        if (tag is null)
        {
            _counts = _counts with { Unknown = _counts.Unknown + 1 };
            return;
        }

        var by = ScannerOf(scanner);
        var at = by.Clock.At(reading.T, arrived, out bool isStamped);
        double? variance = reading.RssiVariance is > 0 and var stated ? stated : null;
        into.Add(Observation.OfRssi(at, tag, by.Name, reading.Rssi!.Value) with { Variance = variance });
        _counts = _counts with
        {
            Readings = _counts.Readings + 1,
            Stamped = _counts.Stamped + (isStamped ? 1 : 0),
        };
    }

    RemoteScanner ScannerOf(ReadOnlySpan<char> name)
    {
        if (_byName.TryGetValue(name, out var known)) return known;
        var made = new RemoteScanner(name.ToString(), new ScannerClock());
        if (_scanners.Count < ScannersMax) _scanners.Add(made.Name, made);
        return made;
    }

    sealed record RemoteScanner(string Name, ScannerClock Clock);
}
