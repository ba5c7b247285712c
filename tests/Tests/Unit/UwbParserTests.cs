using System.Numerics;
using System.Text;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Radio.Uwb;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Tests.Unit;

public sealed class UwbParserTests
{
    static readonly MonoTime At = MonoTime.FromSeconds(5);

    readonly Dwm1001ShellParser _shell = new("T1");

    [Fact]
    public void A_tags_lec_line_gives_its_ranges_its_position_and_where_its_anchors_stand()
    {
        var all = Read(_shell, "DIST,4,AN0,1151,5.00,8.00,2.25,6.44,AN1,0CA8,0.00,8.00,2.25,6.50,AN2,111C,5.00,0.00,"
            + "2.25,3.24,AN3,1150,0.00,0.00,2.25,3.19,POS,2.55,2.01,1.71,98\r\n");
        Assert.Equal(
        [
            Observation.OfRange(At, "T1", "1151", 6.44, null), Observation.OfRange(At, "T1", "0CA8", 6.50, null),
            Observation.OfRange(At, "T1", "111C", 3.24, null), Observation.OfRange(At, "T1", "1150", 3.19, null),
            UwbLimits.OfDwm1001(At, "T1", new Vector3(2.55f, 2.01f, 1.71f), .98),
        ], all);
        Assert.Equal(["0CA8", "111C", "1150", "1151"], _shell.Stations.Select(station => station.Id));
        Assert.Equal(new Vector3(5, 8, 2.25f), _shell.Stations[3].PositionM);
        Assert.Equal(0, _shell.Malformed);
    }

    [Fact]
    public void A_tags_les_line_says_the_same()
    {
        var all = Read(_shell, "1151[5.00,8.00,2.25]=6.48 0CA8[0.00,8.00,2.25]=6.51 111C[5.00,0.00,2.25]=3.18 "
            + "1150[0.00,0.00,2.25]=3.16 le_us=2576 est[2.57,1.98,1.68,100]\r\n");
        Assert.Equal([6.48, 6.51, 3.18, 3.16, 0], all.Select(o => o.Value));
        Assert.Equal(new Vector3(2.57f, 1.98f, 1.68f), all[4].PositionM);
        Assert.Equal(1, all[4].Quality);
        Assert.Equal(4, _shell.Stations.Count);
    }

    [Fact]
    public void Three_anchors_without_a_fix_yet_are_three_ranges()
    {
        var all = Read(_shell, "DIST,3,AN0,2F2F,3.05,2.68,0.00,2.21,AN1,2C9D,-0.04,2.91,0.00,2.39,AN2,2ED0,3.02,0.00,"
            + "0.00,2.19\r\nDIST,1,AN0,2F2F,3.05,2.68,0.00,2.21,POS,nan,nan,nan,0\r\nDIST,0\r\n");
        Assert.Equal(4, all.Count);
        Assert.Equal(1, _shell.WithoutFix);
        Assert.Equal(0, _shell.Malformed);
    }

    [Fact]
    public void A_listeners_positions_are_of_the_tags_they_name()
    {
        var all = Read(_shell, "POS,0,44A8,1.44,2.39,0.69,54,x07\r\nPOS,1,0E11,-1.44,2.39,0.69,100,x08\r\n"
            + "POS,0,55B5,nan,nan,nan,0,x0C\r\nPOS,0,55B5,1.00,1.00,1.00,0,x0C\r\n");
        Assert.Equal(["44A8", "0E11"], all.Select(o => o.Tag));
        Assert.Equal(2, _shell.WithoutFix);
        Assert.Equal(0, _shell.Malformed);
    }

    [Theory]
    [InlineData(",2.61,-0.00,82,x07")] // the beginning of a real recording
    [InlineData("POS,0,44A8,1.44,2.39")]
    [InlineData("POS,0,1151,1.44,54")] // cut, it looks like a tag's own
    [InlineData("POS,0,44A8,1.44,2.39,0.69,54,x0")]
    [InlineData("POS,0,44A8,1.44,2.39,0.69,540,x07")]
    [InlineData("POS,0,44A8,1.4.4,2.39,0.69,54,x07")]
    [InlineData("POS,0,44G8,1.44,2.39,0.69,54,x07")]
    [InlineData("POS,0,44A8,1e30,2.39,0.69,54,x07")]
    [InlineData("DIST,2,AN0,1151,5.00,8.00,2.25,6.44")]
    [InlineData("DIST,1,AN0,1151,5.00,8.00,2.25,6.44,AN1,0CA8,0.00,8.00,2.25,6.50")]
    [InlineData("DIST,1,AN0,1151,5.00,8.00,2.25,64400.0")]
    [InlineData("DIST,1,AN0,1151,5.00,8.00,2.25,-6.44")]
    [InlineData("DIST,99,AN0,1151,5.00,8.00,2.25,6.44")]
    [InlineData("DIST,4,AN0,0090,0.00,0.00,0.00,3.25,AN1,D91E,0.00,0.00,0.00,3.33,AN2,0487,0.00,0.00,0.00,0.18,"
        + "AN3,15BA,0.00,0,AN3,15BA,0.00,0.00,0.00,0.00")] // two lines run together, as they were seen
    [InlineData("1151[5.00,8.00,2.25]=6.48 0CA8[0.00,8.00")]
    [InlineData("POS,0,44A8,1.44,2.39,0.69,54,x07\u00fe")]
    [InlineData("\u0001\u0002\u0080\u00ff")]
    public void Damaged_lines_are_counted_once_and_give_nothing(string line)
    {
        Assert.Empty(Read(_shell, line + "\r\n"));
        Assert.Equal(1, _shell.Malformed);
        Assert.Single(Read(_shell, "POS,0,44A8,1.44,2.39,0.69,54,x07\r\n"));
        Assert.Equal(1, _shell.Malformed);
    }

    [Fact]
    public void A_whole_line_that_runs_on_behind_a_cut_one_is_found()
    {
        var fix = Assert.Single(Read(_shell, "POS,0,44A8,1.4POS,0,44A8,1.43,2.39,0.64,54,x07\r\n"));
        Assert.Equal(1.43f, fix.PositionM.X);
        Assert.Equal(1, _shell.Malformed);
    }

    [Fact]
    public void Prompts_echoes_and_banners_are_no_damage()
    {
        var all = Read(_shell, "\r\n\r\n DWM1001 TWR Real Time Location System\r\n\r\n Copyright :  2016-2019 LEAPS\r\n"
            + " Compiled  :  Mar 27 2019 03:35:59\r\n\r\n"
            + " Help      :  ? or help\r\n\r\ndwm> lec\r\ndwm> POS,0,44A8,1.44,2.39,0.69,54,x07\r\ndwm> \r\n");
        Assert.Single(all);
        Assert.Equal(0, _shell.Malformed);
    }

    [Fact]
    public void A_line_without_end_is_kept_no_longer_than_a_line_may_be()
    {
        byte[] endless = new byte[1_000_000];
        Array.Fill(endless, (byte)'7');
        var all = new List<Observation>();
        foreach (byte[] piece in endless.Chunk(1000)) _shell.Take(At, piece, all);
        all.AddRange(Read(_shell, "\nPOS,0,44A8,1.44,2.39,0.69,54,x07\r\n"));
        Assert.Single(all);
        Assert.Equal(1, _shell.Malformed);
    }

    [Fact]
    public void Qorvos_new_notifications_give_a_range_and_an_angle_each_peer_that_answered()
    {
        var parser = new QorvoCliParser("gate", isTag: false, isClockwise: false);
        // The developer's manual's own example, two-antenna board; then one with four peers, one of them silent.
        var all = Read(parser, "SESSION_INFO_NTF: {session_handle=1, sequence_number=0, block_index=0, "
            + "n_measurements=1\r\n\r [mac_address=0x0001, status=\"SUCCESS\", distance[cm]=91, loc_az_pdoa=65.35, "
            + "loc_az=24.90, loc_el_pdoa=32.12, loc_el=12.01, rmt_az=22.84, rmt_el=13.59, RSSI[dBm]=-66.5]}\r\n"
            + "SESSION_INFO_NTF: {session_handle=1, sequence_number=148, block_index=148, n_measurements=3\r\n"
            + "\r [mac_address=0x0001, status=\"SUCCESS\", distance[cm]=245];\r\n"
            + "\r [mac_address=0x0002, status=\"RX_TIMEOUT\"];\r\n"
            + "\r [mac_address=0xdc4c, status=\"SUCCESS\", distance[cm]=-3]}\r\n");
        Assert.Equal(
        [
            Observation.OfRange(At, "0001", "gate", .91, null),
            Observation.OfAngle(
                At, "0001", "gate", double.DegreesToRadians(24.90), double.DegreesToRadians(12.01), null),
            Observation.OfRange(At, "0001", "gate", 2.45, null),
            Observation.OfRange(At, "DC4C", "gate", 0, null),
        ], all);
        Assert.Equal((0, 1), (parser.Malformed, parser.Unanswered));
    }

    [Fact]
    public void Qorvos_old_notifications_give_the_same()
    {
        var parser = new QorvoCliParser("gate", isTag: false, isClockwise: true);
        var all = Read(parser, "{\"Block\":123,\"results\":[{\"Addr\":\"0x0001\",\"Status\":\"Ok\",\"D_cm\":85,"
            + "\"LPDoA_deg\":0.00,\"LAoA_deg\":-12.60,\"LFoM\":85,\"RAoA_deg\":0.00,\"CFO_100ppm\":-166}]}\r\n"
            + "{\"Block\":0, \"results\":[{\"Addr\":\"0xdc4c\",\"Status\":\"Err\"}]}\r\n"
            + "{\"Block\":3948, \"results\":[{\"Addr\":\"0x0001\",\"Status\":\"Ok\",\"D_cm\":71,\"LPDoA_deg\":0.00,"
            + "\"LAoA_deg\":0.00,\"LFoM\":0,\"RAoA_deg\":0.00,\"CFO_100ppm\":622},"
            + "{\"Addr\":\"0x0002\",\"Status\":\"Ok\",\"D_cm\":39}]}\r\n");
        Assert.Equal(
        [
            Observation.OfRange(At, "0001", "gate", .85, null),
            Observation.OfAngle(At, "0001", "gate", double.DegreesToRadians(12.60), null, null) with { Quality = .85 },
            Observation.OfRange(At, "0001", "gate", .71, null), // figure of merit 0: no angle was measured
            Observation.OfRange(At, "0002", "gate", .39, null),
        ], all);
        Assert.Equal((0, 1), (parser.Malformed, parser.Unanswered));
    }

    [Fact]
    public void A_board_that_moves_has_its_peers_for_anchors_and_their_angles_for_its_own()
    {
        var parser = new QorvoCliParser("T1", isTag: true, isClockwise: false);
        var all = Read(
            parser, " [mac_address=0x0001, status=\"SUCCESS\", distance[cm]=91, loc_az=24.90, rmt_az=22.84]}\n");
        Assert.Equal(
        [
            Observation.OfRange(At, "T1", "0001", .91, null),
            Observation.OfAngle(At, "T1", "0001", double.DegreesToRadians(22.84), null, null),
        ], all);
    }

    [Theory]
    [InlineData(" [mac_address=0x0001, status=\"SUCCESS\", distance[cm]=24")]
    [InlineData(" [mac_address=0x0001, status=\"SUCCESS\"]}")]
    [InlineData(" [mac_address=0x0001, distance[cm]=245]}")]
    [InlineData(" [mac_address=0xZZZZ, status=\"SUCCESS\", distance[cm]=245]}")]
    [InlineData(" [mac_address=0x0001, status=\"SUCCESS\", distance[cm]=2x5]}")]
    [InlineData(" [mac_address=0x0001, status=\"SUCCESS\", distance[cm]=99999999]}")]
    [InlineData("{\"Block\":1, \"results\":[{\"Addr\":\"0x0001\",\"Status\":\"Ok\",\"D_cm\":7")]
    [InlineData("SESSION_INFO_NTF: {sess\u0080\u0081")]
    public void Damaged_notifications_are_counted_once_and_give_nothing(string line)
    {
        var parser = new QorvoCliParser("gate", isTag: false, isClockwise: false);
        Assert.Empty(Read(parser, line + "\r\n"));
        Assert.Equal(1, parser.Malformed);
    }

    [Fact]
    public void What_else_the_firmware_prints_is_passed_over()
    {
        var parser = new QorvoCliParser("gate", isTag: false, isClockwise: false);
        Assert.Empty(Read(parser, "> STAT\r\nFiRa Session Parameters: {\r\nSESSION_ID: 42,\r\n"
            + "DST_MAC_ADDRESS[0]: 0x0001\r\n}\r\n"
            + "SESSION_STATUS_NTF: {state=\"ACTIVE\", reason=\"State change\"}\r\nok\r\n"
            + "JS00EF{\"LSTN\":[41,88,42,ca,de,01,00,02,00],\"TS\":\"0x1\",\"O\":1,\"rsl\":-63.2}\r\n"));
        Assert.Equal(0, parser.Malformed);
    }

    [Fact]
    public void Plain_lines_give_every_kind_of_reading_with_what_is_known_of_it()
    {
        var parser = new RangeLinesParser();
        var all = Read(parser, "# a remark\nrange,T1,A0,3.25\nrange,T1,A0,3.25,0.01,0.9\nrange,T1,A0,3.25,,0.9\n"
            + "tdoa,T1,A0,A1,-1.5,0.02\nangle,T1,A0,90,-45,4\nangle,T1,A0,-90\nrssi,T1,S0,-71\n"
            + "pos,T1,1,2,0.5,0.04\npos,T1,nan,nan,nan\nanchor,A0,0,0,2.5\n");
        Assert.Equal(
        [
            Observation.OfRange(At, "T1", "A0", 3.25, null),
            Observation.OfRange(At, "T1", "A0", 3.25, .01) with { Quality = .9 },
            Observation.OfRange(At, "T1", "A0", 3.25, null) with { Quality = .9 },
            Observation.OfRangeDifference(At, "T1", "A0", "A1", -1.5, .02),
            Observation.OfAngle(At, "T1", "A0", 90 * (Math.PI / 180), -45 * (Math.PI / 180),
                4 * (Math.PI / 180) * (Math.PI / 180)),
            Observation.OfAngle(At, "T1", "A0", -90 * (Math.PI / 180), null, null),
            Observation.OfRssi(At, "T1", "S0", -71),
            Observation.OfPosition(At, "T1", new Vector3(1, 2, .5f), .04),
        ], all);
        Assert.Equal(new Station("A0", new Vector3(0, 0, 2.5f)), Assert.Single(parser.Stations));
        Assert.Equal((0, 1), (parser.Malformed, parser.WithoutFix));
    }

    [Theory]
    [InlineData("range,T1,A0")]
    [InlineData("range,T1,A0,three")]
    [InlineData("range,T1,A0,-5")]
    [InlineData("range,T1,A0,3.25,-1")]
    [InlineData("range,T1,A0,3.25,1,2")]
    [InlineData("range,T1,A0,3.25,1,1,1")]
    [InlineData("range,T1,,3.25")]
    [InlineData("range,T 1,A0,3.25")]
    [InlineData("tdoa,T1,A0,3.25")]
    [InlineData("angle,T1,A0,90,91")]
    [InlineData("rssi,T1,S0,-71,4")]
    [InlineData("pos,T1,1,2")]
    [InlineData("anchor,A0,0,0,nan")]
    [InlineData("speed,T1,A0,3.25")]
    [InlineData("hello")]
    public void Plain_lines_that_are_none_are_counted(string line)
    {
        var parser = new RangeLinesParser();
        Assert.Empty(Read(parser, line + "\n"));
        Assert.Equal(1, parser.Malformed);
    }

    [Fact]
    public void Split_reads_give_the_same_observations()
    {
        (Func<IRawParser> Make, string Text)[] streams =
        [
            (() => new Dwm1001ShellParser("T1"), UwbSamples.Shell),
            (() => new QorvoCliParser("gate", false, false), UwbSamples.QorvoNew + UwbSamples.QorvoOld),
            (() => new RangeLinesParser(), UwbSamples.Lines),
        ];
        foreach (var (make, text) in streams)
        {
            byte[] bytes = Encoding.Latin1.GetBytes(text);
            var whole = new List<Observation>();
            var one = make();
            one.Take(At, bytes, whole);
            Assert.True(whole.Count > 4);
            for (int size = 1; size < 80; size++)
            {
                var split = new List<Observation>();
                var other = make();
                foreach (byte[] piece in bytes.Chunk(size)) other.Take(At, piece, split);
                Assert.Equal(whole, split);
                Assert.Equal(one.Malformed, other.Malformed);
            }
        }
    }

    [Fact]
    public void A_source_that_is_opened_anew_does_not_end_the_line_of_the_one_before()
    {
        var all = new List<Observation>();
        _shell.Take(At, "POS,0,44A8,1.44,2.3"u8, all);
        _shell.Reset();
        _shell.Take(At, "POS,0,44A8,5.00,2.39,0.69,54,x07\r\n"u8, all);
        Assert.Equal(5, Assert.Single(all).PositionM.X);
        Assert.Equal(0, _shell.Malformed);
    }

    [Fact]
    public void Nothing_is_allocated_for_a_reading_once_its_names_are_known()
    {
        (IRawParser Parser, string Text)[] streams =
        [
            (new Dwm1001ShellParser("T1"), UwbSamples.Shell),
            (new QorvoCliParser("gate", false, false), UwbSamples.QorvoNew + UwbSamples.QorvoOld),
            (new RangeLinesParser(), UwbSamples.Lines),
            (new Dwm1001TlvParser("T1"), Encoding.Latin1.GetString(Dwm1001TlvTests.TagAnswer)),
        ];
        foreach (var (parser, text) in streams)
        {
            byte[] bytes = Encoding.Latin1.GetBytes(text);
            var into = new List<Observation>(4096);
            for (int i = 0; i < 50; i++) parser.Take(At, bytes, into); // names, and the compiler's second thoughts
            into.Clear();
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 50; i++) parser.Take(At, bytes, into);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }

    [Fact]
    public void Names_are_kept_once_and_not_without_end()
    {
        var names = new NamePool();
        Assert.Same(names.OfAddress("0xdc4c"u8), names.OfAddress("DC4C"u8));
        Assert.Same(names.OfAddress(0xDC4C), names.Of("DC4C"u8));
        for (int i = 0; i < 10_000; i++) names.OfAddress((ushort)i);
        Assert.InRange(names.Count, 1, NamePool.NamesMax);
        Assert.Equal(64, names.Of(new byte[1000]).Length);
    }

    static List<Observation> Read(IRawParser parser, string text)
    {
        var all = new List<Observation>();
        parser.Take(At, Encoding.Latin1.GetBytes(text), all);
        return all;
    }
}
