using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Numerics;
using System.Text;
using EdgeAppliance.Drivers.Radio;

namespace EdgeAppliance.Runtime.Fusion;

/// <summary>Reads a tag registry's parts. Format: docs/labels.md.</summary>
static class RegistryFields
{
    const string Kinds = "iBeacon, altBeacon, eddystoneUid, eddystoneEid, irk, address, uwb or espresense";

    public static Dictionary<string, RegisteredTag> Tags(JsonFields root)
    {
        var tags = new Dictionary<string, RegisteredTag>(StringComparer.Ordinal);
        var owners = new Dictionary<BeaconIdentity, string>();
        foreach (var each in root.Objects("tags", isOptional: false))
        {
            var tag = new RegisteredTag(each.Text("tag"), each.Text("class"), each.Truth("consent", otherwise: true))
            {
                Policy = Policy(each),
                ConfidenceMin = each.Has("confidenceMin") ? each.Number("confidenceMin", 0, 1) : null,
                Identities = Identities(each, owners),
            };
            each.Done();
            if (tag.Tag.Length > 0 && !tags.TryAdd(tag.Tag, tag)) each.Fault(each.Path("tag"), $"is '{tag.Tag}' again");
        }

        return tags;
    }

    public static Dictionary<string, Station> Stations(JsonFields root)
    {
        var stations = new Dictionary<string, Station>(StringComparer.Ordinal);
        foreach (var each in root.Objects("stations", isOptional: true))
        {
            string id = each.Text("id");
            var at = Place(each);
            double yaw = each.Number("yawDegrees", -360, 360, otherwise: 0) * Math.PI / 180;
            each.Done();
            if (id.Length > 0 && !stations.TryAdd(id, new Station(id, at) { YawRad = yaw }))
                each.Fault(each.Path("id"), $"is '{id}' again");
        }

        return stations;
    }

    /// <summary>Site frame, metres.</summary>
    public static Vector3 Place(JsonFields each) => JsonFields.ToVector(
        [each.Number("xM", -1e5, 1e5), each.Number("yM", -1e5, 1e5), each.Number("zM", -1e3, 1e3)]);

    public static Dictionary<string, double> Footprints(JsonFields root)
    {
        var footprints = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var each in root.Objects("classes", isOptional: true))
        {
            string name = each.Text("class");
            double radiusM = each.Number("footprintRadiusM", 0, 20);
            each.Done();
            if (name.Length > 0 && !footprints.TryAdd(name, radiusM))
                each.Fault(each.Path("class"), $"is '{name}' again");
        }

        return footprints;
    }

    static LabelPolicy Policy(JsonFields tag)
    {
        string word = tag.Text("policy", otherwise: "label");
        switch (word)
        {
            case "label" or "": return LabelPolicy.Label;
            case "locate-only": return LabelPolicy.LocateOnly;
            case "ignore": return LabelPolicy.Ignore;
        }

        tag.Fault(tag.Path("policy"), $"is '{word}': label, locate-only or ignore");
        return LabelPolicy.LocateOnly;
    }

    static ImmutableArray<BeaconIdentity> Identities(JsonFields tag, Dictionary<BeaconIdentity, string> owners)
    {
        var identities = ImmutableArray.CreateBuilder<BeaconIdentity>();
        foreach (var each in tag.Objects("identities", isOptional: true))
        {
            string kind = each.Text("kind");
            var found = Identity(each, kind);
            each.Done();
            if (found is not { Bytes.Length: > 0 }) continue;
            // Told without the identity itself: a fault may end in a log.
            if (owners.TryAdd(found, each.Path("kind"))) identities.Add(found);
            else each.Fault(each.Path("kind"), $"is the same identity as {owners[found]}: one identity, one tag");
        }

        return identities.DrainToImmutable();
    }

    static BeaconIdentity? Identity(JsonFields each, string kind)
    {
        switch (kind)
        {
            case "iBeacon":
                byte[] id = [.. Bytes(each, "uuid", 16), .. Short(each, "major"), .. Short(each, "minor")];
                return new(BeaconKind.IBeacon, id.Length == 20 ? [.. id] : []);
            case "altBeacon": return new(BeaconKind.AltBeacon, [.. Bytes(each, "id", 20)]);
            case "eddystoneUid":
                byte[] uid = [.. Bytes(each, "namespace", 10), .. Bytes(each, "instance", 6)];
                return new(BeaconKind.EddystoneUid, uid.Length == 16 ? [.. uid] : []);
            case "eddystoneEid":
                return new(BeaconKind.EddystoneEid, [.. Bytes(each, "key", 16)])
                {
                    RotationExponent = each.Whole("rotationExponent", 0, 15, otherwise: 10),
                    CounterZeroS = (long)each.Number("counterZeroS", 0, 1e11),
                };
            case "irk": return new(BeaconKind.Irk, [.. Bytes(each, "key", 16)]);
            case "address": return new(BeaconKind.Address, [.. Bytes(each, "address", 6)]);
            case "uwb": return new(BeaconKind.Uwb, [.. Bytes(each, "address", 2, 8)]);
            case "espresense": return new(BeaconKind.Espresense, [.. Encoding.UTF8.GetBytes(each.Text("id"))]);
            case "": return null;
            default:
                each.Fault(each.Path("kind"), $"is '{kind}': {Kinds}");
                return null;
        }
    }

    static byte[] Short(JsonFields each, string key)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)each.Whole(key, 0, ushort.MaxValue));
        return bytes;
    }

    // Hex with or without 0x, colons and hyphens between; empty where it is not, which is told without what it says.
    static byte[] Bytes(JsonFields each, string key, params ReadOnlySpan<int> lengths)
    {
        string text = each.Text(key);
        if (text.Length == 0) return [];
        string digits = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text[2..] : text;
        digits = digits.Replace(":", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal);
        bool isHex = digits.All(char.IsAsciiHexDigit) && digits.Length % 2 == 0;
        if (isHex && lengths.Contains(digits.Length / 2)) return Convert.FromHexString(digits);
        each.Fault(each.Path(key), $"is no hex text of {string.Join(" or ", lengths.ToArray())} bytes");
        return [];
    }
}
