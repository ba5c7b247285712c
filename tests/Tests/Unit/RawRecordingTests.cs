using System.Text;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Radio.Recorded;
using EdgeAppliance.Drivers.Radio.Uwb;
using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Unit;

public sealed class RawRecordingTests : IDisposable
{
    /// <summary>A recording of version 1, byte for byte: what was once recorded is read for ever.</summary>
    const string Golden =
        "656467652d6170706c69616e63652d72617720312064776d3130303120" // edge-appliance-raw 1 dwm1001
        + "323032362d31312d32365432333a31363a31372e303030303030305a207461673d54310a" // 2026-11-26T23:16:17… tag=T1
        + "000000000000000000000000" // 0 ns: opened
        + "00ca9a3b000000000d000000504f532c302c343441382c312e" // 1 s: POS,0,44A8,1.
        + "00943577000000001500000034342c322e33392c302e36392c35342c7830370d0a"; // 2 s: 44,2.39,0.69,54,x07

    static readonly RawKind Kind = new("dwm1001", "tag=T1");
    static readonly MonoTime Epoch = MonoTime.FromSeconds(1000);

    readonly ScratchFolder _folder = new();
    readonly ListLog _log = new();

    string File => _folder.File("a.raw");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_first_version_stays_readable()
    {
        WriteGolden();
        using var radio = Open();
        Assert.Equal(Kind, radio.Kind);
        Assert.Equal(new DateTimeOffset(2026, 11, 26, 23, 16, 17, TimeSpan.Zero), radio.Started);
        Assert.Empty(Drain(radio, 1001.5));
        var fix = UwbLimits.OfDwm1001(MonoTime.FromSeconds(1002), "44A8", new(1.44f, 2.39f, .69f), .54);
        Assert.Equal(fix, Assert.Single(Drain(radio, 1002)));
        Assert.True(radio.IsEnded);
    }

    [Fact]
    public void What_is_written_is_the_first_version_byte_for_byte()
    {
        var recording = new RawRecording(File, Kind, new RawRecordingOptions(), _log);
        recording.Write(MonoTime.FromSeconds(7), []);
        recording.Write(MonoTime.FromSeconds(8), "POS,0,44A8,1."u8);
        recording.Write(MonoTime.FromSeconds(9), "44,2.39,0.69,54,x07\r\n"u8);
        recording.Close();
        byte[] bytes = System.IO.File.ReadAllBytes(File), golden = Convert.FromHexString(Golden);
        int line = golden.AsSpan().IndexOf((byte)'\n');
        Assert.Equal(golden[line..], bytes[line..]);
        Assert.Equal("edge-appliance-raw 1 dwm1001 20", Encoding.ASCII.GetString(bytes)[..31]);
    }

    [Fact]
    public void Live_and_replayed_bytes_give_the_same_observations()
    {
        var random = new Random(5);
        var live = new Dwm1001ShellParser("T1");
        var recording = new RawRecording(File, Kind, new RawRecordingOptions(), _log);
        var heard = new List<Observation>();
        for (int session = 0; session < 3; session++)
        {
            using var source = recording.Of(new Pieces(random, session));
            live.Reset();
            byte[] into = new byte[256];
            for (int n; (n = source.Read(into, default, out var at)) > 0;) live.Take(at, into.AsSpan(0, n), heard);
        }

        Assert.True(heard.Count > 300);
        using var radio = Open();
        var replayed = Drain(radio, 1e6);
        // Positions are of a while before the ranges in the same bytes: a replay gives them before those.
        heard = [.. heard.OrderBy(o => o.At.Nanoseconds)];
        replayed = [.. replayed.OrderBy(o => o.At.Nanoseconds)];
        long shiftNs = heard[0].At.Nanoseconds - replayed[0].At.Nanoseconds;
        Assert.Equal(heard, replayed.Select(o => o with { At = new MonoTime(o.At.Nanoseconds + shiftNs) }));
        Assert.Equal(live.Malformed, radio.Counts.Malformed);
        Assert.Equal(0, live.Malformed); // a session that ends within a line takes it along
    }

    [Fact]
    public void A_file_cut_anywhere_is_read_up_to_its_last_whole_chunk()
    {
        byte[] golden = Convert.FromHexString(Golden);
        int line = golden.AsSpan().IndexOf((byte)'\n') + 1, first = line + 12 + 12 + 13;
        for (int length = 0; length < golden.Length; length++)
        {
            System.IO.File.WriteAllBytes(File, golden[..length]);
            if (length < first)
            {
                Assert.Throws<InvalidDataException>(() => Open().Dispose());
                continue;
            }

            using var radio = Open();
            Assert.Empty(Drain(radio, 1e6)); // the line's end is in the chunk that is cut
            Assert.Equal(length > first, _log.Has(1801));
        }
    }

    [Theory]
    [InlineData("", "no raw recording")]
    [InlineData("t_s,tag,x_m,y_m\n", "a file of fixes is opened with file:PATH.csv")]
    [InlineData("edge-appliance-raw 2 x y z\n", "of version 2: this program reads version 1")]
    [InlineData("edge-appliance-raw 1 dwm1001 yesterday -\n", "its first line is damaged")]
    [InlineData("edge-appliance-raw 1 dwm1001 2026-11-26T23:16:17Z -", "cut within its first line")]
    [InlineData("edge-appliance-raw 1 dwm1001 2026-11-26T23:16:17Z -\n", "no byte was recorded in it")]
    [InlineData("edge-appliance-raw 1 dwm1001 2026-11-26T23:16:17Z -\n12345678ÿÿÿÿ", "a chunk of -1 bytes")]
    [InlineData("edge-appliance-raw 1 dwm1001 2026-11-26T23:16:17Z -\n12345678aaaa", "1048576 are the most")]
    [InlineData("edge-appliance-raw 1 dwm1001 2026-11-26T23:16:17Z -\n"
        + "\u0001\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        "byte 64: time falls from 1 to 0 ns: damaged there; 'head -c 64")]
    [InlineData("edge-appliance-raw 1 sonar 2026-11-26T23:16:17Z -\n\0\0\0\0\0\0\0\0\u0001\0\0\0x", "the driver sonar")]
    public void A_file_of_no_use_says_why(string text, string why)
    {
        System.IO.File.WriteAllBytes(File, Encoding.Latin1.GetBytes(text));
        var fault = Assert.Throws<InvalidDataException>(() => Open().Dispose());
        Assert.Contains(why, fault.Message, StringComparison.Ordinal);
        Assert.StartsWith(File, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_file_is_refused_in_words_or_read_as_far_as_it_goes()
    {
        byte[] golden = Convert.FromHexString(Golden);
        var random = new Random(7);
        int refused = 0;
        for (int i = 0; i < 500; i++)
        {
            System.IO.File.WriteAllBytes(File, MutatedBytes.Of(golden, golden, random));
            try
            {
                using var radio = Open();
                Assert.InRange(Drain(radio, 1e6).Count, 0, 2);
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 50, 475);
    }

    [Fact]
    public void A_full_file_is_put_aside_and_the_oldest_deleted()
    {
        var small = new RawRecordingOptions { BytesMax = 1000, FilesMax = 3 };
        var recording = new RawRecording(File, Kind, small, _log);
        for (int i = 0; i < 60; i++) recording.Write(MonoTime.FromSeconds(i), new byte[100]);
        recording.Close();
        string[] files = Directory.GetFiles(_folder.Path);
        Assert.Equal(["a.raw", "a.raw.1", "a.raw.2"], files.Select(Path.GetFileName).Order());
        Assert.All(files, path => Assert.InRange(new FileInfo(path).Length, 100, 1200));
        foreach (string path in files)
            ReplayedRadio.Open(path, Epoch, Radios.ParserFor, NullLogger.Instance).Dispose(); // each for itself
    }

    [Fact]
    public void A_recording_from_before_is_never_overwritten()
    {
        WriteGolden();
        var only = new RawRecording(File, Kind, new RawRecordingOptions { FilesMax = 1 }, _log);
        only.Write(MonoTime.FromSeconds(1), new byte[10]);
        Assert.True(only.IsStopped);
        Assert.Single(_log.Lines, line => line.Id == 1819);
        Assert.Equal(Convert.FromHexString(Golden), System.IO.File.ReadAllBytes(File));

        var kept = new RawRecording(File, Kind, new RawRecordingOptions(), _log);
        kept.Write(MonoTime.FromSeconds(1), new byte[10]);
        kept.Close();
        Assert.Equal(Convert.FromHexString(Golden), System.IO.File.ReadAllBytes(File + ".1"));
    }

    [Fact]
    public void What_cannot_be_written_ends_the_recording_and_not_the_radio()
    {
        var recording = new RawRecording(_folder.File("gone/a.raw"), Kind, new RawRecordingOptions(), _log);
        using var source = recording.Of(new Pieces(new Random(1), 0));
        Assert.True(source.Read(new byte[256], default, out _) > 0);
        Assert.True(recording.IsStopped);
        Assert.Single(_log.Lines, line => line.Id == 1819);
    }

    [Fact]
    public void Sessions_go_on_in_one_file_and_one_taken_away_is_begun_anew()
    {
        var recording = new RawRecording(File, Kind, new RawRecordingOptions(), _log);
        for (int session = 0; session < 2; session++)
        {
            recording.Write(MonoTime.FromSeconds(session), "POS,1.0,2.0,3.0,50\n"u8);
            recording.Close();
        }

        using (var radio = Open()) Assert.Equal([999.6, 1000.6], Drain(radio, 1e6).Select(o => o.At.Seconds));
        System.IO.File.Delete(File);
        recording.Write(MonoTime.FromSeconds(9), "POS,1.0,2.0,3.0,50\n"u8);
        recording.Close();
        using (var radio = Open()) Assert.Equal([999.6], Drain(radio, 1e6).Select(o => o.At.Seconds));
    }

    ReplayedRadio Open() => ReplayedRadio.Open(File, Epoch, Radios.ParserFor, _log);

    void WriteGolden() => System.IO.File.WriteAllBytes(File, Convert.FromHexString(Golden));

    static List<Observation> Drain(ReplayedRadio radio, double until)
    {
        var all = new List<Observation>();
        var some = new Observation[3];
        for (int n; (n = radio.Drain(MonoTime.FromSeconds(until), some)) > 0;) all.AddRange(some[..n]);
        return all;
    }

    /// <summary>A module's lines in pieces of any size, unplugged within the last.</summary>
    sealed class Pieces(Random random, int session) : IRawSource
    {
        readonly byte[] _all = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 120).Select(i =>
            $"DIST,1,AN0,1151,5.00,8.00,2.25,{i / 10}.44,POS,2.55,{session}.0{i % 10},1.71,98\r\n")) + "DIST,1,AN");

        int _given;
        MonoTime _at = MonoTime.Now + TimeSpan.FromSeconds(100 * (1 + session));

        public string Name => "pieces";

        public int Read(Span<byte> into, TimeSpan wait, out MonoTime at)
        {
            int count = Math.Min(random.Next(1, 200), _all.Length - _given);
            _all.AsSpan(_given, count).CopyTo(into);
            _given += count;
            _at = at = new MonoTime(_at.Nanoseconds + random.Next(1, 20_000_000));
            return count;
        }

        public void Write(ReadOnlySpan<byte> bytes) { }

        public void Dispose() { }
    }
}
