using System.Collections.Immutable;
using System.Globalization;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>
/// The knobs that a chain has, in the board's order, and what their rungs mean to its stages. A new knob is a row here
/// and a stage that asks for it.
/// </summary>
sealed class ChainKnobs
{
    public const string Rate = "frame rate", Size = "input size", Quality = "sample quality", Quantiser = "quantiser",
        Scale = "scale", Background = "background", Filter = "frame filter";

    static readonly ImmutableArray<double> Rates = [double.PositiveInfinity, 10, 5, 2];
    static readonly ImmutableArray<int> Qualities = [80, 65, 45];
    static readonly ImmutableArray<int> Quantisers = [20, 26, 32, 38, 44];
    static readonly ImmutableArray<double> Scales = [1, 0.75, 0.5];
    static readonly ImmutableArray<int> Coarser = [0, 6, 12];

    /// <summary>
    /// Parts of the pixels that must have changed for a frame to be worth it. 2 % would lose .022 of F1 for a tenth of
    /// the time; half of the frames lose .031 for half of it (docs/adaptation.md).
    /// </summary>
    static readonly ImmutableArray<double> Changes = [0, 0.001, 0.01];

    /// <summary>An encoder of another size begins anew, and whoever watches sees the picture jump.</summary>
    const int ScaleRestS = 3;

    readonly int _rate, _size, _quality, _quantiser, _scale, _background, _filter;
    readonly ImmutableArray<int> _qualities;

    /// <param name="sizes">input sizes prepared, the model's own first; 1: it can be looked at in no other</param>
    /// <param name="qualityMost">JPEG quality of a sample that no knob has touched</param>
    /// <param name="sendsVideo">whether there is a video whose coding can be turned</param>
    public ChainKnobs(int sizes, int qualityMost, bool sendsVideo)
    {
        _qualities = [qualityMost, .. Qualities.Where(q => q < qualityMost)];
        List<Knob> knobs = [];
        _rate = Add(new Knob<string>(Rate, [.. Rates.Select(r => double.IsFinite(r) ? Text(r) : "all")], Floor: 2));
        _size = sizes < 2 ? -1 : Add(new Knob<string>(
            Size, [.. Detectors.InputParts.Take(sizes).Select(p => Text(100 * p) + "%")], Floor: 1));
        _quality = _qualities.Length < 2 ? -1 : Add(new Knob<int>(Quality, _qualities, Floor: _qualities.Length - 1));
        _quantiser = !sendsVideo ? -1 : Add(new Knob<int>(Quantiser, Quantisers, Floor: 2));
        _scale = !sendsVideo ? -1 : Add(new Knob<string>(
            Scale, [.. Scales.Select(s => Text(100 * s) + "%")], Floor: 1, ScaleRestS));
        _background = !sendsVideo ? -1 : Add(new Knob<string>(
            Background, [.. Coarser.Select(c => $"+{c}")], Floor: 1));
        _filter = Add(new Knob<string>(
            Filter, [.. Changes.Select(c => c > 0 ? Text(100 * c) + "%" : "off")], Floor: 1));
        All = [.. knobs];
        Ladders = [.. knobs.Select(k => k.Ladder)];

        int Add(Knob knob)
        {
            knobs.Add(knob);
            return knobs.Count - 1;
        }
    }

    public ImmutableArray<Knob> All { get; }

    public ImmutableArray<Ladder> Ladders { get; }

    /// <summary>Every so manieth frame of a camera is looked at.</summary>
    /// <param name="cameraRate">frames a second; null while unknown: then each</param>
    public int StepOf(ReadOnlySpan<int> rungs, double? cameraRate) => StepAt(rungs[_rate], cameraRate);

    /// <summary>The same for a rung of the frame rate.</summary>
    public static int StepAt(int rung, double? cameraRate) =>
        cameraRate is { } rate ? (int)Math.Clamp(Math.Round(rate / Rates[rung]), 1, 1000) : 1;

    /// <summary>Seconds from one frame looked at to the next at a rung of the frame rate; 0: each frame.</summary>
    public static double EveryS(string rung) =>
        double.TryParse(rung, CultureInfo.InvariantCulture, out double rate) && rate > 0 ? 1 / rate : 0;

    /// <summary>The part of the pixels by which a frame must differ from the last one looked at; 0: by none.</summary>
    public double ChangeOf(ReadOnlySpan<int> rungs) => Changes[rungs[_filter]];

    /// <summary>Number of the input size, 0 the model's own.</summary>
    public int SizeOf(ReadOnlySpan<int> rungs) => _size < 0 ? 0 : rungs[_size];

    /// <summary>JPEG quality of samples.</summary>
    public int QualityOf(ReadOnlySpan<int> rungs) => QualityAt(_quality < 0 ? 0 : rungs[_quality]);

    public int QualityAt(int rung) => _qualities[rung];

    /// <summary>How video is coded; without such knobs, as finely as can be.</summary>
    public VideoCoding CodingOf(ReadOnlySpan<int> rungs, long setting) => new(
        new SegmentCoding(
            Quantisers[_quantiser < 0 ? 0 : rungs[_quantiser]], Scales[_scale < 0 ? 0 : rungs[_scale]]),
        Coarser[_background < 0 ? 0 : rungs[_background]], setting);

    /// <summary>The floor of one of these knobs; of another, its cheapest rung.</summary>
    public static int FloorOf(Ladder ladder) => Usual.FirstOrDefault(k => k.Name == ladder.Knob) is { } known
        ? Math.Min(known.Floor, ladder.Count - 1) : ladder.Count - 1;

    /// <summary>Seconds one of these knobs rests; another: none.</summary>
    public static int RestSOf(Ladder ladder) => Usual.FirstOrDefault(k => k.Name == ladder.Knob)?.RestS ?? 1;

    static ImmutableArray<Knob> Usual => new ChainKnobs(Detectors.InputParts.Length, 90, sendsVideo: true).All;

    /// <summary>What a step of a knob is; null for a number that no knob has.</summary>
    public string? NameOf(int knob) => knob >= 0 && knob < All.Length ? All[knob].Name : null;

    static string Text(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
