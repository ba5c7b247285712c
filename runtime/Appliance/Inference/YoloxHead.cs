using System.Collections.Immutable;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>
/// YOLOX without its own decoding: <c>1 x N x (5 + classes)</c>, the grids of all strides one after the other, row by
/// row. Centre <c>(o + cell) stride</c>, size <c>exp(o) stride</c>; objectness and classes are probabilities already.
/// </summary>
sealed class YoloxHead : IHead
{
    readonly ImmutableArray<(int Stride, int Columns, int Rows)> _grids;
    readonly int _row;

    public YoloxHead(HeadShapes shapes)
    {
        var card = shapes.Card;
        if (card.Output.Strides.IsEmpty)
        {
            throw new InvalidDataException(
                $"{card.Name}: output.strides is missing: head yolox needs it, as in [8, 16, 32]");
        }

        _grids = [.. card.Output.Strides.Select(s => (s, card.Input.Width / s, card.Input.Height / s))];
        int cells = _grids.Sum(g => g.Columns * g.Rows);
        _row = 5 + shapes.Classes;
        shapes.Want(0, $"the cells of input.width, input.height and output.strides; 5 + {shapes.Classes} classes",
            1, cells, _row);
    }

    public void Read(HeadTensors outputs, Reading reading, Candidates into)
    {
        int at = 0;
        foreach (var (stride, columns, rows) in _grids)
        {
            for (int y = 0; y < rows; y++)
            {
                for (int x = 0; x < columns; x++, at += _row)
                {
                    // No class is surer than 1, so most cells end here.
                    if (!(outputs.First[at + 4] >= reading.ScoreMin)) continue;
                    Cell(outputs.First.Slice(at, _row), x, y, stride, reading, into);
                }
            }
        }
    }

    static void Cell(ReadOnlySpan<float> cell, int x, int y, int stride, Reading reading, Candidates into)
    {
        int best = BestClass.Of(cell[5..]);
        if (!(cell[4] * cell[5 + best] >= reading.ScoreMin)) return;
        float centreX = (cell[0] + x) * stride, centreY = (cell[1] + y) * stride;
        float halfWidth = MathF.Exp(cell[2]) * stride / 2, halfHeight = MathF.Exp(cell[3]) * stride / 2;
        var box = new Box(centreX - halfWidth, centreY - halfHeight, centreX + halfWidth, centreY + halfHeight);
        for (int c = reading.EveryClass ? 0 : best; c < (reading.EveryClass ? cell.Length - 5 : best + 1); c++)
            if (cell[4] * cell[5 + c] >= reading.ScoreMin) into.Add(box, c, cell[4] * cell[5 + c]);
    }
}

/// <summary>The largest of a few numbers.</summary>
static class BestClass
{
    /// <summary>Its index; 0 when none is a number.</summary>
    public static int Of(ReadOnlySpan<float> scores)
    {
        int best = 0;
        for (int i = 1; i < scores.Length; i++) if (scores[i] > scores[best]) best = i;
        return best;
    }
}
