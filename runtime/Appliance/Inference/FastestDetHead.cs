namespace EdgeAppliance.Runtime.Inference;

/// <summary>
/// FastestDet: <c>1 x (5 + classes) x rows x columns</c>: objectness, offset x and y (tanh), width and height
/// (logistic, as parts of the picture it was made for), class probabilities; score = objectness^0.6 x class^0.4.
/// </summary>
sealed class FastestDetHead : IHead
{
    readonly int _rows;
    readonly int _columns;
    readonly int _classes;
    readonly int _width;
    readonly int _height;
    readonly (int Width, int Height) _whole;

    public FastestDetHead(HeadShapes shapes)
    {
        _classes = shapes.Classes;
        var shape = shapes.Want(0, $"5 + {_classes} classes, then the grid", 1, 5 + _classes, -1, -1);
        (_rows, _columns) = ((int)shape[2], (int)shape[3]);
        (_width, _height) = (shapes.Card.Input.Width, shapes.Card.Input.Height);
        // A convolution sees pixels, not the picture: at 192 x 192 a box of 1 is still one of 352 x 352. Read as parts
        // of the smaller picture, boxes overlapped the true ones by (192 / 352)^2 = 0.30 (measured).
        _whole = shapes.Card.Input.Native;
    }

    public void Read(HeadTensors outputs, Reading reading, Candidates into)
    {
        var map = outputs.First;
        int cells = _rows * _columns;
        for (int i = 0; i < cells; i++)
        {
            float objectness = MathF.Pow(map[i], 0.6f);
            if (!(objectness >= reading.ScoreMin)) continue; // no class is surer than 1
            float x = (MathF.Tanh(map[cells + i]) + (i % _columns)) / _columns * _width;
            float y = (MathF.Tanh(map[(2 * cells) + i]) + (i / _columns)) / _rows * _height;
            float halfWidth = Logistic(map[(3 * cells) + i]) * _whole.Width / 2;
            float halfHeight = Logistic(map[(4 * cells) + i]) * _whole.Height / 2;
            var box = new Box(x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight);
            int best = Best(map[((5 * cells) + i)..], cells);
            int first = reading.EveryClass ? 0 : best, last = reading.EveryClass ? _classes - 1 : best;
            for (int c = first; c <= last; c++)
            {
                float score = objectness * MathF.Pow(map[((5 + c) * cells) + i], 0.4f);
                if (score >= reading.ScoreMin) into.Add(box, c, score);
            }
        }
    }

    /// <summary>The likeliest class of a cell.</summary>
    /// <param name="scores">from the cell's first class on</param>
    /// <param name="step">to its next</param>
    int Best(ReadOnlySpan<float> scores, int step)
    {
        int best = 0;
        for (int c = 1; c < _classes; c++) if (scores[c * step] > scores[best * step]) best = c;
        return best;
    }

    static float Logistic(float x) => 1 / (1 + MathF.Exp(-x));
}
