using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Radio.Uwb;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Tests.Unit;

public sealed class Dwm1001TlvTests
{
    static readonly MonoTime At = MonoTime.FromSeconds(5);

    readonly Dwm1001TlvParser _parser = new("T1");

    /// <summary>
    /// The guide's dwm_loc_get of a tag: its position and head as printed there, two of its anchors made up.
    /// </summary>
    public static byte[] TagAnswer { get; } =
    [
        0x40, 0x01, 0x00, 0x41, 0x0D, 0x4B, 0x0A, 0x00, 0x00, 0x1F, 0x04, 0x00, 0x00, 0x9C, 0x0E, 0x00, 0x00, 0x64,
        0x49, 41, 0x02,
        0x99, 0x0C, 0xA4, 0x06, 0x00, 0x00, 0x64, 0, 0, 0, 0, 0, 0, 0, 0, 0xC4, 0x09, 0, 0, 0x64,
        0x51, 0x11, 0x10, 0x27, 0x00, 0x00, 0x50, 0x88, 0x13, 0, 0, 0x18, 0xFC, 0xFF, 0xFF, 0xC4, 0x09, 0, 0, 0x64,
    ];

    [Fact]
    public void A_tags_location_is_its_ranges_and_its_position_in_metres()
    {
        Assert.Equal(
        [
            Observation.OfRange(At, "T1", "0C99", 1.7, null) with { Quality = 1 },
            Observation.OfRange(At, "T1", "1151", 10, null) with { Quality = .8 },
            UwbLimits.OfDwm1001(At, "T1", new Vector3(2.635f, 1.055f, 3.74f), 1),
        ], Read(TagAnswer));
        Assert.Equal([new("0C99", new Vector3(0, 0, 2.5f)), new("1151", new Vector3(5, -1, 2.5f))], _parser.Stations);
    }

    [Fact]
    public void An_anchors_location_is_where_it_stands_and_its_ranges_are_to_its_neighbours()
    {
        byte[] answer =
        [
            0x40, 0x01, 0x00, 0x41, 0x0D, 0x79, 0, 0, 0, 0x32, 0, 0, 0, 0xFB, 0, 0, 0, 0x64,
            0x48, 14, 0x01, 0x99, 0x0C, 0x80, 0x8D, 0x63, 0xEF, 0xCA, 0xDE, 0xE8, 0x03, 0x00, 0x00, 0x64,
        ];
        Assert.Equal([Observation.OfRange(At, "T1", "0C99", 1, null) with { Quality = 1 }], Read(answer));
        Assert.Equal([new("T1", new Vector3(.121f, .050f, .251f))], _parser.Stations);
    }

    [Fact]
    public void Every_answer_of_the_guide_is_understood_and_is_no_damage()
    {
        byte[][] answers =
        [
            [0x40, 1, 0, 0x41, 0x0D, 0x79, 0, 0, 0, 0x32, 0, 0, 0, 0xFB, 0, 0, 0, 0x64], // pos_get
            [0x40, 1, 0, 0x46, 2, 7, 4], // cfg_get
            [0x40, 1, 0, 0x4E, 8, 0x99, 0x0C, 0x80, 0x8D, 0x63, 0xEF, 0xCA, 0xDE], // nodeid_get
            [0x40, 1, 0, 0x45, 4, 0x0A, 0, 0x32, 0], // upd_rate_get
            [0x40, 1, 0, 0x50, 4, 1, 5, 2, 1, 0x51, 4, 0, 7, 1, 0, 0x52, 4, 0x2A, 0, 0xCA, 0xDE], // ver_get
            [0x40, 1, 0, 0x5A, 2, 3, 0], // status_get
            [0x40, 1, 0], // anything set
        ];
        foreach (byte[] answer in answers) Assert.Empty(Read(answer));
        Assert.Empty(Read([0x40, 1, 4]));
        Assert.Equal((0, 1), (_parser.Malformed, _parser.Refused));
        Assert.Equal(3, Read(TagAnswer).Count);
    }

    [Fact]
    public void An_answer_that_says_the_same_again_is_no_new_reading()
    {
        Assert.Equal(3, Read(TagAnswer).Count);
        Assert.Empty(Read(TagAnswer));
        Assert.Equal(1, _parser.Repeated);
        Assert.Equal(3, Read(Changed(23, 0xA5)).Count);
    }

    [Theory]
    [InlineData(17, 101)] // a position of 101 %
    [InlineData(20, 3)] // three anchors in room for two
    [InlineData(25, 0x7F)] // a range of 2000 km
    [InlineData(27, 101)] // a range of 101 %
    public void A_damaged_part_is_counted_and_the_next_answer_heard(int at, byte value)
    {
        Assert.True(Read(Changed(at, value)).Count < 3);
        Assert.Equal(1, _parser.Malformed);
        Assert.Equal(3, Read(Changed(23, 0xA5)).Count);
        Assert.Equal(1, _parser.Malformed);
    }

    [Fact]
    public void A_position_of_no_quality_is_none()
    {
        Assert.Equal(2, Read(Changed(17, 0)).Count);
        Assert.Equal((1, 0), (_parser.WithoutFix, _parser.Malformed));
    }

    [Fact]
    public void Garbage_between_answers_is_one_damage_and_nothing_is_read_of_it()
    {
        byte[] garbage = [0x41, 0x0D, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0xFF, 0x49];
        Assert.Equal(3, Read([.. garbage, .. TagAnswer]).Count);
        Assert.Equal(1, _parser.Malformed);
    }

    [Fact]
    public void An_answer_whose_end_never_comes_does_not_swallow_the_next()
    {
        var all = new List<Observation>();
        _parser.Take(At, TagAnswer.AsSpan(0, 30), all);
        _parser.Take(At + TimeSpan.FromSeconds(1), TagAnswer, all);
        Assert.Equal(3, all.Count);
        Assert.Equal(1, _parser.Malformed);
    }

    [Fact]
    public void Split_reads_give_the_same_observations()
    {
        byte[] stream = [.. TagAnswer, 0xFF, 0x41, .. Changed(23, 0xA5), 0x40, 1, 4, .. Changed(23, 0xA6)];
        var whole = Read(stream);
        Assert.Equal(9, whole.Count);
        for (int size = 1; size < stream.Length; size++)
        {
            var parser = new Dwm1001TlvParser("T1");
            var split = new List<Observation>();
            foreach (byte[] piece in stream.Chunk(size)) parser.Take(At, piece, split);
            Assert.Equal(whole, split);
            Assert.Equal(_parser.Malformed, parser.Malformed);
        }
    }

    static byte[] Changed(int at, byte value)
    {
        byte[] bytes = [.. TagAnswer];
        bytes[at] = value;
        return bytes;
    }

    List<Observation> Read(byte[] bytes)
    {
        var all = new List<Observation>();
        _parser.Take(At, bytes, all);
        return all;
    }
}
