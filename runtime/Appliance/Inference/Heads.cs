using System.Collections.Immutable;
using EdgeAppliance.Onnx;
using EdgeAppliance.Onnx.Expressions;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>A model's outputs of one run, in the head's order. Heads with one output leave the second empty.</summary>
readonly ref struct HeadTensors(ReadOnlySpan<float> first, ReadOnlySpan<float> second)
{
    public ReadOnlySpan<float> First { get; } = first;

    public ReadOnlySpan<float> Second { get; } = second;
}

/// <summary>What of a model's outputs is wanted.</summary>
/// <param name="ScoreMin">0 to 1</param>
/// <param name="EveryClass">
/// each class that scores enough is told, as evaluations count; else each place tells its best class only
/// </param>
readonly record struct Reading(float ScoreMin, bool EveryClass);

/// <summary>Reads a model's outputs. Made once for a model, after its shapes were checked against the card.</summary>
interface IHead
{
    /// <summary>Adds what scores enough, boxes in pixels of the model's input.</summary>
    void Read(HeadTensors outputs, Reading reading, Candidates into);
}

/// <summary>
/// The heads known, by the name a card gives. docs/how-to-add-a-detector-head.md adds one in five steps.
/// </summary>
static class Heads
{
    /// <summary>
    /// Makes a head, or throws <see cref="InvalidDataException"/> when the outputs are not of its form.
    /// </summary>
    delegate IHead Maker(HeadShapes shapes);

    /// <summary>Writes the scores into a graph, <c>1 x anchors x classes</c>, from the head's outputs.</summary>
    public delegate Value Scores(Value[] outputs, int classes);

    static readonly SortedDictionary<string, (int Outputs, Maker Make, Scores Scores)> All = new(StringComparer.Ordinal)
    {
        ["decoded"] = (2, shapes => new DecodedHead(shapes), ScoreGraph.Decoded),
        ["fastestdet"] = (1, shapes => new FastestDetHead(shapes), ScoreGraph.FastestDet),
        ["ultralytics-v8"] = (1, shapes => new UltralyticsHead(shapes), ScoreGraph.Ultralytics),
        ["yolox"] = (1, shapes => new YoloxHead(shapes), ScoreGraph.Yolox),
    };

    public static IReadOnlyCollection<string> Names => All.Keys;

    public static Scores ScoresOf(ModelCard card) => All[card.Output.Head].Scores;

    /// <param name="outputs">the model's, as it lists them</param>
    /// <returns>the head, and for each of its tensors the model's output</returns>
    /// <exception cref="InvalidDataException">outputs that do not fit the card, with the card's field</exception>
    public static (IHead Head, ImmutableArray<int> Outputs) Create(ModelCard card, IReadOnlyList<TensorShape> outputs)
    {
        var (count, make, _) = All[card.Output.Head];
        var indexes = ImmutableArray.CreateBuilder<int>();
        for (int i = 0; i < outputs.Count && card.Output.Names.IsEmpty; i++) indexes.Add(i);
        foreach (string name in card.Output.Names)
        {
            int index = outputs.Select(o => o.Name).ToList().IndexOf(name);
            if (index < 0)
            {
                throw new InvalidDataException($"{card.Name}: output.names: the model has no output {name}: it has "
                    + string.Join(", ", outputs));
            }

            indexes.Add(index);
        }

        if (indexes.Count != count)
        {
            throw new InvalidDataException($"{card.Name}: output.names: head {card.Output.Head} reads {count} "
                + $"output(s), not {indexes.Count}: the model has {string.Join(", ", outputs)}");
        }

        var chosen = indexes.ToImmutable();
        return (make(new HeadShapes(card, [.. chosen.Select(i => outputs[i])])), chosen);
    }
}

/// <summary>A card and the shapes of the outputs its head reads.</summary>
sealed record HeadShapes(ModelCard Card, ImmutableArray<TensorShape> Outputs)
{
    public int Classes => Card.Classes.Length;

    /// <summary>Checks one output; -1 stands for any size.</summary>
    /// <returns>its sizes</returns>
    /// <exception cref="InvalidDataException">another number of sizes, or another size where one is given</exception>
    public IReadOnlyList<long> Want(int output, string because, params ReadOnlySpan<long> sizes)
    {
        var shape = Outputs[output].Shape;
        bool fits = shape.Count == sizes.Length;
        for (int i = 0; fits && i < sizes.Length; i++) fits = shape[i] > 0 && (sizes[i] < 0 || sizes[i] == shape[i]);
        if (fits) return shape;
        var wanted = new TensorShape("", sizes.ToArray());
        throw new InvalidDataException(
            $"{Card.Name}: output.head {Card.Output.Head} wants{wanted} ({because}), "
            + $"the model gives {Outputs[output]}");
    }
}
