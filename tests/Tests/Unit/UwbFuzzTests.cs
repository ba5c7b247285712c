using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Tests.Unit;

/// <summary>Bytes as cables, wrong rates and other devices give them: no exception, no growth.</summary>
public sealed class UwbFuzzTests
{
    const int Streams = 100_000;

    // What a parser may hold for good: a line or part, its names and its stations, however long it listens.
    const long HeldMax = 1_000_000;

    public static TheoryData<string> Drivers => ["dwm1001", "dwm1001-tlv", "dwm3001", "ranges"];

    [Theory]
    [MemberData(nameof(Drivers))]
    public void Random_and_damaged_streams_are_survived(string driver)
    {
        var parser = Radios.ParserFor(new(driver, ""))!;
        byte[] sample = driver switch
        {
            "dwm1001" => Encoding.Latin1.GetBytes(UwbSamples.Shell),
            "dwm1001-tlv" => [.. Dwm1001TlvTests.TagAnswer, .. Dwm1001TlvTests.TagAnswer],
            "dwm3001" => Encoding.Latin1.GetBytes(UwbSamples.QorvoNew + UwbSamples.QorvoOld),
            _ => Encoding.Latin1.GetBytes(UwbSamples.Lines),
        };
        var random = new Random(11);
        var into = new List<Observation>();
        long readings = 0, heldMax = 0;
        for (int i = 0; i < Streams; i++)
        {
            byte[] bytes;
            if (i % 4 == 0)
            {
                bytes = new byte[random.Next(200)];
                random.NextBytes(bytes);
            }
            else
            {
                bytes = MutatedBytes.Of(sample, sample, random);
            }

            var at = MonoTime.FromSeconds(i * .01);
            int cut = random.Next(bytes.Length + 1);
            into.Clear();
            parser.Take(at, bytes.AsSpan(0, cut), into);
            parser.Take(at, bytes.AsSpan(cut), into);
            readings += into.Count;
            foreach (var one in into)
            {
                if (!IsPossible(one)) Assert.Fail(one.ToString());
            }

            if (i % 1000 == 0) parser.Reset();
            if (i % 9500 != 0) continue;
            heldMax = Math.Max(heldMax, Held(parser, new HashSet<object>(ReferenceEqualityComparer.Instance)));
        }

        Assert.True(readings > Streams / 10); // the parser still hears what is whole
        Assert.True(parser.Malformed > Streams / 100);
        Assert.InRange(heldMax, 300, HeldMax);
    }

    static bool IsPossible(Observation one) =>
        one.Tag.Length is > 0 and <= 64 && double.IsFinite(one.Value) && one.Variance is null or > 0
        && one.Quality is null or (>= 0 and <= 1) && one.Kind switch
        {
            ObservationKind.Range => one.Value is >= 0 and <= 1000 && one.Station.Length > 0,
            ObservationKind.RangeDifference => one.Station.Length > 0 && one.Other.Length > 0,
            ObservationKind.Position => float.IsFinite(one.PositionM.Length()),
            ObservationKind.Angle => Math.Abs(one.Value) <= (2 * Math.PI) + 1e-9,
            _ => one.Value is >= -200 and <= 50,
        };

    /// <summary>Bytes in the arrays and strings that a thing holds, whatever its fields are.</summary>
    static long Held(object? thing, HashSet<object> seen)
    {
        if (thing is null || !seen.Add(thing)) return 0;
        var type = thing.GetType();
        if (thing is string text) return 2L * text.Length;
        long held = 0;
        if (thing is Array array)
        {
            var kind = type.GetElementType()!;
            held = array.Length * (kind.IsPrimitive ? Marshal.SizeOf(kind) : 16L);
            if (!kind.IsPrimitive) foreach (object? one in array) held += Held(one, seen);
            return held;
        }

        if (type.IsPrimitive || thing is Type or Delegate || type.Namespace == "System.Reflection") return 0;
        const BindingFlags Fields = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        for (var at = type; at is not null; at = at.BaseType)
        {
            foreach (var field in at.GetFields(Fields | BindingFlags.DeclaredOnly))
                if (!field.FieldType.IsPointer) held += Held(field.GetValue(thing), seen);
        }

        return held;
    }
}
