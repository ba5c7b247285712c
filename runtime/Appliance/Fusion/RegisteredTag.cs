using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace EdgeAppliance.Runtime.Fusion;

/// <summary>What may be made of a tag.</summary>
enum LabelPolicy
{
    /// <summary>Located, drawn and labelled.</summary>
    Label,

    /// <summary>Located and drawn, never labelled.</summary>
    LocateOnly,

    /// <summary>As if it were not there: not even located.</summary>
    Ignore,
}

/// <summary>How a tag makes itself known on the air.</summary>
enum BeaconKind
{
    /// <summary>Apple's: a UUID with a major and a minor number.</summary>
    IBeacon,

    /// <summary>20 bytes of beacon id.</summary>
    AltBeacon,

    /// <summary>10 bytes of namespace, 6 of instance.</summary>
    EddystoneUid,

    /// <summary>A rotating 8-byte identity, resolved by a 16-byte key.</summary>
    EddystoneEid,

    /// <summary>A rotating private address, resolved by a 16-byte identity resolving key.</summary>
    Irk,

    /// <summary>A public or static address of 6 bytes.</summary>
    Address,

    /// <summary>A UWB module's short (2 bytes) or long (8 bytes) address.</summary>
    Uwb,

    /// <summary>What an ESPresense node calls it: a text.</summary>
    Espresense,
}

/// <summary>
/// One identity of a tag on the air. It stays in the registry and in what resolves it; observations, tables and
/// samples carry the tag's pseudonym. Its text gives nothing away, so that no log line does.
/// </summary>
/// <param name="Bytes">
/// UUID and the two numbers, 20 (big endian); AltBeacon's 20; namespace and instance, 16; a key, 16; an address, 2, 6
/// or 8, first byte first as it is written
/// </param>
sealed record BeaconIdentity(BeaconKind Kind, ImmutableArray<byte> Bytes)
{
    /// <summary>Of an Eddystone-EID: it changes every 2^k seconds, k from 0 to 15.</summary>
    public int? RotationExponent { get; init; }

    /// <summary>Of an Eddystone-EID: the Unix time at which the beacon's counter stood at 0, seconds.</summary>
    public long? CounterZeroS { get; init; }

    /// <summary>
    /// As the book of beacons of a Bluetooth radio takes it; null for a UWB module. For that book only: it is the
    /// identity itself.
    /// </summary>
    public string? BookText()
    {
        string hex = Convert.ToHexStringLower(Bytes.AsSpan());
        return Kind switch
        {
            BeaconKind.IBeacon => string.Create(CultureInfo.InvariantCulture,
                $"ibeacon:{new Guid(Bytes.AsSpan(0, 16), bigEndian: true)}/{(Bytes[16] << 8) | Bytes[17]}/"
                + $"{(Bytes[18] << 8) | Bytes[19]}"),
            BeaconKind.AltBeacon => $"altbeacon:{hex}",
            BeaconKind.EddystoneUid => $"eddystone:{hex[..20]}/{hex[20..]}",
            BeaconKind.EddystoneEid => string.Create(CultureInfo.InvariantCulture,
                $"eid:{hex}/{RotationExponent}/{CounterZeroS}"),
            BeaconKind.Irk => $"irk:{hex}",
            BeaconKind.Address => $"mac:{string.Join(':', hex.Chunk(2).Select(two => new string(two)))}",
            BeaconKind.Espresense => $"espresense:{Encoding.UTF8.GetString(Bytes.AsSpan())}",
            _ => null,
        };
    }

    public bool Equals(BeaconIdentity? other) =>
        other is not null && Kind == other.Kind && Bytes.AsSpan().SequenceEqual(other.Bytes.AsSpan());

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Kind);
        hash.AddBytes(Bytes.AsSpan());
        return hash.ToHashCode();
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Kind} of {Bytes.Length} bytes");
}

/// <summary>A tag the site gave out.</summary>
/// <param name="Tag">its pseudonym</param>
/// <param name="Class">of whoever or whatever carries it</param>
/// <param name="HasConsent">false: located and drawn, but never labelled</param>
sealed record RegisteredTag(string Tag, string Class, bool HasConsent)
{
    public LabelPolicy Policy { get; init; }

    /// <summary>Less sure labels of it are not made, 0 to 1; null: as <c>annotation.confidenceMin</c> says.</summary>
    public double? ConfidenceMin { get; init; }

    /// <summary>How it is known on the air; empty: the radio says the pseudonym itself.</summary>
    public ImmutableArray<BeaconIdentity> Identities { get; init; } = [];
}
