using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Onnx.Sessions;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>
/// A detector's utility of a picture and its gradient with respect to the picture, at one input size. Not thread safe.
/// </summary>
sealed class UtilityProbe : IDisposable
{
    readonly GradientSession _session;
    readonly Preprocessor _here;
    readonly Preprocessor _there;
    readonly float[] _other;

    public UtilityProbe(ModelFolder model, Func<GraphBuilder, Value> utility)
    {
        Input = model.Card.Input;
        _session = GradientSession.Open(model.Card.Name, OnnxModel.Read(model.Onnx, model.Path), utility);
        _here = new Preprocessor(Input);
        _there = new Preprocessor(Input);
        _other = new float[_here.Length];
    }

    public CardInput Input { get; }

    public TimeSpan LastRun => _session.Session.LastRun;

    public float Utility => _session.Utility;

    public ReadOnlySpan<float> Gradient => _session.Gradient();

    /// <summary>Takes the gradient at a frame, which stays the caller's.</summary>
    public Fit Look(in Frame frame)
    {
        var fit = _here.Fill(frame, _session.Input());
        _session.Run();
        return fit;
    }

    /// <summary>What the gradient says of another frame in place of the one looked at.</summary>
    /// <returns>first-order change of the utility, and the sum of the absolute parts of which it is made</returns>
    public (double Signed, double Absolute) Change(in Frame frame)
    {
        _there.Fill(frame, _other);
        return Sums(_session.Gradient(), _session.Input(), _other);
    }

    static (double Signed, double Absolute) Sums(
        ReadOnlySpan<float> gradient, ReadOnlySpan<float> here, ReadOnlySpan<float> there)
    {
        double signed = 0, absolute = 0;
        for (int i = 0; i < gradient.Length; i++)
        {
            double part = gradient[i] * (there[i] - here[i]);
            signed += part;
            absolute += Math.Abs(part);
        }

        return (signed, absolute);
    }

    /// <summary>
    /// The published form: the gradient's absolute values, summed over colours, as means of tiles of 16 x 16, times the
    /// absolute difference of the pixels.
    /// </summary>
    public double Tiled(in Frame frame)
    {
        _there.Fill(frame, _other);
        return Tiles(_session.Gradient(), _session.Input(), _other, Input.Width, Input.Height);
    }

    /// <summary>
    /// The same by tile, row by row: what each tile of 16 x 16 pixels of the input loses.
    /// </summary>
    public (double[] Lost, int Columns) TileLosses(in Frame frame)
    {
        _there.Fill(frame, _other);
        var (slopes, differences) = Sums(
            _session.Gradient(), _session.Input(), _other, Input.Width, Input.Height);
        return ([.. slopes.Zip(differences, (a, b) => a * b)], ColumnsOf(Input.Width));
    }

    /// <summary>Where a tile of the input lies in a frame, cut to it; empty where it lies beside it.</summary>
    public Box TileIn(int column, int row, FrameFormat format)
    {
        var fit = Fit.Of(Input, format.Width, format.Height);
        return fit.ToSource(new Box(Tile * column, Tile * row, Tile * (column + 1), Tile * (row + 1)))
            .ClampTo(format.Width, format.Height);
    }

    const int Tile = 16;

    static int ColumnsOf(int width) => (width + Tile - 1) / Tile;

    static double Tiles(
        ReadOnlySpan<float> gradient, ReadOnlySpan<float> here, ReadOnlySpan<float> there, int width, int height)
    {
        var (slopes, differences) = Sums(gradient, here, there, width, height);
        double sum = 0;
        for (int i = 0; i < slopes.Length; i++) sum += slopes[i] * differences[i] / (Tile * Tile);
        return sum;
    }

    /// <summary>By tile, of absolute values.</summary>
    static (double[] Slopes, double[] Differences) Sums(
        ReadOnlySpan<float> gradient, ReadOnlySpan<float> here, ReadOnlySpan<float> there, int width, int height)
    {
        int columns = ColumnsOf(width), rows = (height + Tile - 1) / Tile;
        double[] slopes = new double[columns * rows], differences = new double[columns * rows];
        for (int i = 0; i < gradient.Length; i++)
        {
            int y = i / width % height, x = i % width, tile = y / Tile * columns + x / Tile;
            slopes[tile] += Math.Abs(gradient[i]);
            differences[tile] += Math.Abs(there[i] - here[i]);
        }

        return (slopes, differences);
    }

    /// <summary>
    /// OneAdapt's utility, each place by its best class, without what scores too little to be an answer at all: ten
    /// thousand such places would outweigh what is seen.
    /// </summary>
    /// <param name="classes">only these count; those the model does not know are left out; null or none known: all
    /// </param>
    public static Func<GraphBuilder, Value> UtilityOf(ModelCard card, IReadOnlyList<int>? classes = null) => graph =>
    {
        const float Slope = 20, Floor = 0.2f;
        var scores = ScoreGraph.Of(graph, card);
        int[] known = [.. (classes ?? []).Where(c => c < card.Classes.Length)];
        if (known.Length > 0)
            scores = scores.Gather(graph.Longs([.. known.Select(c => (long)c)]), scores.Rank - 1);
        var best = scores.Largest([2]);
        float threshold = card.Thresholds.Score;
        return (((best - threshold) * Slope).Sigmoid() * (best > threshold - Floor).As(best)).Sum();
    };

    public void Dispose() => _session.Dispose();
}
