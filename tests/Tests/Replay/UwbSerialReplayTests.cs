using System.Globalization;
using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Radio.Recorded;
using EdgeAppliance.Drivers.Radio.Uwb;
using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Replay;

/// <summary>Logs of a DWM1001 listener as the module printed them, through the raw recording and its parser.</summary>
public sealed class UwbSerialReplayTests
{
    /// <summary>A line lasts a tenth of a second: the tags' update rate.</summary>
    static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(.1);

    [SkippableTheory]
    // Fixes, lines of nan, damaged lines; metres from the surveyed point to the mean of its fixes.
    [InlineData("outdoor_10x10", "pos1", 1, 1201, 0, 0, .034)]
    [InlineData("outdoor_10x10", "pos2", 2, 1200, 0, 1, .307)]
    [InlineData("outdoor_10x10", "pos3", 3, 1194, 7, 0, .040)]
    [InlineData("outdoor_10x10", "pos4", 4, 1188, 13, 0, .039)]
    [InlineData("outdoor_10x10", "pos5", 5, 1201, 0, 0, .033)]
    [InlineData("outdoor_10x10", "pos6", 6, 1201, 0, 0, .050)]
    [InlineData("outdoor_10x10", "pos7", 7, 1201, 0, 0, .022)]
    [InlineData("outdoor_10x10", "pos8", 8, 1201, 0, 0, .120)]
    [InlineData("outdoor_30x10_no_blockage", "pos1_no_ppl", 1, 3001, 0, 0, .082)]
    [InlineData("outdoor_30x10_human_blockage", "pos2_ppl_moving_around", 2, 2991, 7, 0, null)]
    [InlineData("outdoor_30x20", "pplInsidePos6", 6, 0, 1201, 0, null)]
    [InlineData("outdoor_30x20", "_pos6_ppl_inside", 6, 0, 1201, 0, null)]
    [InlineData("outdoor_30x20", "pos1", 1, 1181, 20, 0, .192)]
    [InlineData("outdoor_30x20", "pos2", 2, 1200, 1, 0, .159)]
    [InlineData("outdoor_30x20", "pos3", 3, 1192, 9, 0, .057)]
    [InlineData("outdoor_30x20", "pos4", 4, 1109, 92, 0, .023)]
    [InlineData("outdoor_30x20", "pos5", 5, 1187, 14, 0, .092)]
    [InlineData("outdoor_30x20", "pos6_repeated", 6, 1192, 9, 0, .007)]
    [InlineData("outdoor_30x20", "pos7", 7, 1201, 0, 0, .105)]
    [InlineData("outdoor_30x20", "pos8", 8, 1199, 2, 0, .147)]
    public void Every_line_of_a_log_is_a_fix_or_told_as_none_and_lies_where_the_point_is(
        string site, string log, int point, int fixes, int without, int malformed, double? errorM)
    {
        string folder = SharedData.Path("uwb_dwm1001_serial", site);
        var heard = Replay(Path.Combine(folder, log + ".txt"), out long saidNone, out var counts);
        Assert.Equal((fixes, without, malformed), (heard.Count, (int)saidNone, (int)counts.Malformed));
        Assert.All(heard, one => Assert.Equal(site == "outdoor_10x10" ? "44A8" : "55B5", one.Tag));
        Assert.All(heard, one => Assert.InRange(one.Quality!.Value, .01, 1));
        if (errorM is not { } expected) return;
        var mean = new Vector2(
            (float)heard.Average(one => one.PositionM.X), (float)heard.Average(one => one.PositionM.Y));
        Assert.Equal(expected, Vector2.Distance(mean, Truth(folder, point)), .001);
    }

    static Vector2 Truth(string folder, int point)
    {
        string[] cells = File.ReadLines(Path.Combine(folder, "truth.csv")).Select(line => line.Split(','))
            .First(cells => cells[0] == "tag" && cells[1] == point.ToString(CultureInfo.InvariantCulture));
        return new(float.Parse(cells[2], CultureInfo.InvariantCulture),
            float.Parse(cells[3], CultureInfo.InvariantCulture));
    }

    static List<Observation> Replay(string log, out long without, out RadioCounts counts)
    {
        string file = Path.GetTempFileName();
        try
        {
            var recording = new RawRecording(
                file, new RawKind("dwm1001", "tag=listener"), new RawRecordingOptions(), NullLogger.Instance);
            var at = MonoTime.FromSeconds(1);
            var random = new Random(1);
            // As a serial port gives them: pieces of any size.
            ReadOnlySpan<byte> bytes = File.ReadAllBytes(log);
            while (bytes.Length > 0)
            {
                int count = Math.Min(random.Next(1, 80), bytes.Length);
                recording.Write(at, bytes[..count]);
                at += LineInterval * (count / 33.0);
                bytes = bytes[count..];
            }

            recording.Close();
            var parser = new Dwm1001ShellParser("listener");
            using var radio = ReplayedRadio.Open(file, at, _ => parser, NullLogger.Instance);
            var all = new List<Observation>();
            var some = new Observation[64];
            for (int n; (n = radio.Drain(new MonoTime(long.MaxValue), some)) > 0;) all.AddRange(some[..n]);
            without = parser.WithoutFix;
            counts = radio.Counts;
            return all;
        }
        finally
        {
            File.Delete(file);
        }
    }
}
