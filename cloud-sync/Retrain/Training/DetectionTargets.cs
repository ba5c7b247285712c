namespace EdgeAppliance.Retrain.Training;

/// <summary>Which cell of a grid answers for which box.</summary>
sealed class DetectionTargets
{
    /// <summary>A box of which less shows is not learned, and what is told where it lies is not judged.</summary>
    public const float VisibleMin = 0.25f;

    const int Nobody = -1;
    const int Unjudged = -2;

    /// <summary>
    /// Longer box side, input pixels, that each stride answers for. They overlap: a box near a border has two homes.
    /// </summary>
    static readonly (float Low, float High)[] Sizes = [(0, 52), (36, 112), (84, float.MaxValue)];

    readonly (float X, float Y, float Stride, int Level)[] _cells;
    readonly int[] _owners;

    public DetectionTargets(DetectionGrid grid)
    {
        _cells = [.. grid.Places().Select(p => ((p.X + .5f) * p.Stride, (p.Y + .5f) * p.Stride, (float)p.Stride,
            DetectionGrid.Strides.Index().First(s => s.Item == p.Stride).Index))];
        _owners = new int[_cells.Length];
    }

    /// <summary>Writes one picture's targets, cell by cell.</summary>
    /// <param name="boxes">left, top, right, bottom</param>
    /// <param name="kinds">1 for the box's class</param>
    /// <param name="owned">1 where the cell answers for a box</param>
    /// <param name="judged">0 where nothing may be said about whether somebody is there</param>
    /// <returns>cells that answer for a box</returns>
    public int Fill(
        IReadOnlyList<LabelledBox> truth, Span<float> boxes, Span<float> kinds, Span<float> owned, Span<float> judged)
    {
        Own(truth);
        int classes = kinds.Length / _owners.Length, count = 0;
        boxes.Clear();
        kinds.Clear();
        for (int i = 0; i < _owners.Length; i++)
        {
            int owner = _owners[i];
            judged[i] = owner == Unjudged ? 0 : 1;
            owned[i] = owner >= 0 ? 1 : 0;
            if (owner < 0) continue;
            count++;
            var box = truth[owner];
            (boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3]) =
                (box.Left, box.Top, box.Right, box.Bottom);
            kinds[classes * i + box.Class] = 1;
        }

        return count;
    }

    void Own(IReadOnlyList<LabelledBox> truth)
    {
        _owners.AsSpan().Fill(Nobody);
        // Small ones last: they win a cell from the large box they stand in front of.
        foreach (int i in Enumerable.Range(0, truth.Count).OrderByDescending(i => truth[i].Area))
        {
            var box = truth[i];
            for (int c = 0; c < _cells.Length; c++)
            {
                var (x, y, _, _) = _cells[c];
                bool isInside = x > box.Left && x < box.Right && y > box.Top && y < box.Bottom;
                if (box.Visibility >= VisibleMin)
                {
                    if (Answers(_cells[c], box, isInside)) _owners[c] = i;
                }
                else if (isInside && _owners[c] == Nobody)
                {
                    _owners[c] = Unjudged;
                }
            }
        }
    }

    /// <summary>The cell that holds the centre always; its neighbours where their centres lie inside as well.</summary>
    static bool Answers((float X, float Y, float Stride, int Level) cell, in LabelledBox box, bool isInside)
    {
        float side = MathF.Max(box.Right - box.Left, box.Bottom - box.Top);
        if (side < Sizes[cell.Level].Low || side >= Sizes[cell.Level].High) return false;
        float away = MathF.Max(MathF.Abs(cell.X - (box.Left + box.Right) / 2),
            MathF.Abs(cell.Y - (box.Top + box.Bottom) / 2));
        return away <= cell.Stride / 2 || (isInside && away < 1.1f * cell.Stride);
    }
}
