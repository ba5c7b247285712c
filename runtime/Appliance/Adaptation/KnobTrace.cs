using System.Collections.Immutable;
using System.Globalization;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>All that a controller was told in one second, and where the knobs stood.</summary>
/// <param name="F1">as estimated from frames looked at in full quality; null: unknown</param>
/// <param name="Loss">F1 lost in this second's frames of full quality; null: there was none</param>
/// <param name="Scene">what it told of detections; null: nothing</param>
sealed record KnobSecond(
    MonoTime At, KnobSetting Setting, Probed? Probe, KnobMeters Meters, KnobBudget Budget, Resources Price,
    EstimatedF1? F1, double? Loss = null, SceneReading? Scene = null);

/// <summary>
/// Seconds as lines of a CSV file. What is unknown is empty. Readings stand in one column, as
/// <c>knob:rung:loss:cost up:cost compute:log up:log compute</c>, blanks between them; what was told of detections in
/// another: <c>every:seconds</c>, <c>lag:tenths:lost:frames</c> and
/// <c>look:detail:extra:full;full...:found;found...</c>, detections by <see cref="ScoreBins"/>.
/// </summary>
static class KnobTrace
{
    const string Fixed = "at_s,setting,probe_setting,probe_at_s,sees_nothing,uplink_bit_s,compute_ms_s,degrees,watts,"
        + "uplink_max,compute_max,degrees_max,watts_max,price_uplink,price_compute,f1,f1_low,f1_high,f1_frames,"
        + "loss,readings,scene";

    static readonly int FixedColumns = Fixed.Split(',').Length;

    /// <summary>The first line: the fixed columns, then <c>knob NAME RUNG...</c> for each knob.</summary>
    public static string Header(IReadOnlyList<Ladder> ladders) => string.Join(',',
        [Fixed, .. ladders.Select(l =>
            $"knob {l.Knob.Replace(' ', '_')} {string.Join(' ', Enumerable.Range(0, l.Count).Select(r => l[r]))}")]);

    public static string Line(KnobSecond second)
    {
        var (probe, meters, budget) = (second.Probe, second.Meters, second.Budget);
        string readings = string.Join(' ', (probe?.Readings ?? []).Select(r => string.Join(':',
        [
            $"{r.Edge.Knob}", $"{r.Edge.Rung}", Text(r.UtilityLoss), Text(r.Cost.Uplink), Text(r.Cost.Compute),
            Text(r.LogCost.Uplink), Text(r.LogCost.Compute),
        ])));
        string[] cells =
        [
            Text(second.At.Seconds), $"{second.Setting.Version}", probe is null ? "" : $"{probe.Setting}",
            Text(probe?.At.Seconds), probe is null ? "" : probe.SeesNothing ? "1" : "0",
            Text(meters.UplinkBitsPerS), Text(meters.ComputeMsPerS), Text(meters.Degrees), Text(meters.Watts),
            Text(budget.UplinkBitsPerS), Text(budget.ComputeMsPerS), Text(budget.DegreesMax), Text(budget.WattsMax),
            Text(second.Price.Uplink), Text(second.Price.Compute),
            Text(second.F1?.F1), Text(second.F1?.Low), Text(second.F1?.High),
            second.F1 is { } f1 ? $"{f1.Frames}" : "", Text(second.Loss), readings,
            Text(second.Scene),
        ];
        return string.Join(',', [.. cells, .. second.Setting.Rungs.Select(r => $"{r}")]);
    }

    /// <exception cref="InvalidDataException">not a trace: the message names line and column</exception>
    public static (ImmutableArray<Ladder> Ladders, IReadOnlyList<KnobSecond> Seconds) Read(string file)
    {
        using var lines = File.ReadLines(file).GetEnumerator();
        if (!lines.MoveNext() || !lines.Current.StartsWith(Fixed + ",knob ", StringComparison.Ordinal))
            throw new InvalidDataException($"{file}: not a trace of knobs: its first line must begin {Fixed},knob");
        ImmutableArray<Ladder> ladders = [.. lines.Current.Split(',').Skip(FixedColumns)
            .Select(cell => cell.Split(' ')).Select(words => new Ladder(words[1].Replace('_', ' '), words[2..]))];
        List<KnobSecond> seconds = [];
        for (int number = 2; lines.MoveNext(); number++)
        {
            string[] cells = lines.Current.Split(',');
            // Power may have failed in the middle of the last line, and it goes on in the next.
            if (cells.Length != FixedColumns + ladders.Length) continue;
            seconds.Add(Second(new Cells(file, number, cells), ladders));
        }

        return (ladders, seconds);
    }

    static KnobSecond Second(Cells of, ImmutableArray<Ladder> ladders)
    {
        var rungs = ladders.Select((l, k) => of.Whole(FixedColumns + k, l.Count - 1)).ToImmutableArray();
        Probed? probe = of.Number(3) is { } at
            ? new Probed(
                of.Whole(2, int.MaxValue), MonoTime.FromSeconds(at), of.Readings(20, ladders), of.Number(4) > 0)
            : null;
        EstimatedF1? f1 = of.Number(15) is { } estimate
            ? new(estimate, of.Number(16) ?? 0, of.Number(17) ?? 1, of.Whole(18, int.MaxValue)) : null;
        return new KnobSecond(
            MonoTime.FromSeconds(of.Number(0) ?? 0), new KnobSetting(of.Whole(1, int.MaxValue), rungs), probe,
            new KnobMeters(of.Number(5), of.Number(6), of.Number(7), of.Number(8)),
            new KnobBudget(of.Number(9), of.Number(10), of.Number(11), of.Number(12)),
            new Resources(of.Number(13) ?? 0, of.Number(14) ?? 0), f1, of.Number(19), of.Scene(21));
    }

    static string Text(SceneReading? scene)
    {
        if (scene is null) return "";
        List<string> words = [$"every:{Text(scene.FrameS)}"];
        words.AddRange(scene.Lags.Select(l => $"lag:{l.Tenths}:{Text(l.Lost)}:{l.Frames}"));
        if (scene.Look is { } look)
            words.Add($"look:{Text(look.Detail)}:{look.Extra}:{string.Join(';', look.Full)}:"
                + (look.Found.IsDefault ? "" : string.Join(';', look.Found)));
        return string.Join(' ', words);
    }

    static string Text(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "";

    sealed record Cells(string File, int Line, string[] All)
    {
        public double? Number(int column) => All[column].Length == 0 ? null : Number(column, All[column]);

        double Number(int column, string text) =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value
                : throw new InvalidDataException($"{File}:{Line}: column {column + 1} is '{text}': not a number");

        public int Whole(int column, int most) => Whole(column, All[column], most);

        int Whole(int column, string text, int most) =>
            int.TryParse(text, CultureInfo.InvariantCulture, out int value) && value >= 0 && value <= most
                ? value : throw new InvalidDataException(
                    $"{File}:{Line}: column {column + 1} is '{text}': a whole number from 0 to {most}");

        public ImmutableArray<EdgeReading> Readings(int column, ImmutableArray<Ladder> ladders)
        {
            if (All[column].Length == 0) return [];
            return [.. All[column].Split(' ').Select(text => Reading(column, text, ladders))];
        }

        public SceneReading? Scene(int column)
        {
            if (All[column].Length == 0) return null;
            double? everyS = null;
            SceneLook? look = null;
            List<LagReading> lags = [];
            foreach (string text in All[column].Split(' '))
            {
                string[] parts = text.Split(':');
                switch (parts)
                {
                    case ["every", var s]:
                        everyS = s.Length == 0 ? null : Number(column, s);
                        break;
                    case ["lag", var tenths, var lost, var frames]:
                        lags.Add(new LagReading(
                            Whole(column, tenths, SceneSeen.Lags), Number(column, lost), Whole(column, frames, 1000)));
                        break;
                    case ["look", var detail, var extra, var full, var found]:
                        look = new SceneLook(Bins(column, full), found.Length == 0 ? default : Bins(column, found),
                            Whole(column, extra, int.MaxValue), Number(column, detail));
                        break;
                    default:
                        throw new InvalidDataException($"{File}:{Line}: column {column + 1}: '{text}' is no reading");
                }
            }

            return new SceneReading(look, [.. lags], everyS);
        }

        ImmutableArray<int> Bins(int column, string text)
        {
            ImmutableArray<int> bins = [.. text.Split(';').Select(part => Whole(column, part, int.MaxValue))];
            return bins.Length == ScoreBins.Count ? bins : throw new InvalidDataException(
                $"{File}:{Line}: column {column + 1}: {bins.Length} numbers of detections, not {ScoreBins.Count}");
        }

        EdgeReading Reading(int column, string text, ImmutableArray<Ladder> ladders)
        {
            double[] n = [.. text.Split(':').Select(part => Number(column, part))];
            bool isEdge = n.Length == 7 && n[0] >= 0 && n[0] < ladders.Length
                && n[1] >= 0 && n[1] < ladders[(int)n[0]].Count - 1;
            if (!isEdge)
                throw new InvalidDataException($"{File}:{Line}: column {column + 1}: '{text}' names no edge");
            return new EdgeReading(
                new Edge((int)n[0], (int)n[1]), n[2], new Resources(n[3], n[4]), new Resources(n[5], n[6]));
        }
    }
}

/// <summary>
/// The trace on disk: one file that is written, one that was, so that it never takes more than twice the limit. A line
/// is handed to the system at once; a loss of power costs the last seconds, nothing else.
/// </summary>
sealed class KnobTraceRing : IDisposable
{
    readonly string _file;
    readonly string _header;
    readonly long _bytesMax;
    StreamWriter _to;

    /// <param name="file">the older one has <c>.1</c> after its name</param>
    /// <param name="bytesMax">of one file: 4 MiB are about five hours of four knobs</param>
    public KnobTraceRing(string file, IReadOnlyList<Ladder> ladders, long bytesMax = 4 << 20)
    {
        (_file, _header, _bytesMax) = (file, KnobTrace.Header(ladders), bytesMax);
        // Other ladders make another trace.
        if (File.Exists(file) && File.ReadLines(file).FirstOrDefault() != _header) Turn();
        _to = Open();
    }

    public void Add(KnobSecond second)
    {
        if (_to.BaseStream.Length > _bytesMax)
        {
            _to.Dispose();
            Turn();
            _to = Open();
        }

        _to.WriteLine(KnobTrace.Line(second));
        _to.Flush();
    }

    public void Dispose() => _to.Dispose();

    void Turn() => File.Move(_file, _file + ".1", overwrite: true);

    StreamWriter Open()
    {
        var to = new StreamWriter(_file, append: true);
        if (to.BaseStream.Length == 0) to.WriteLine(_header);
        else to.WriteLine(); // after a line that was cut; an empty one is passed over
        return to;
    }
}
