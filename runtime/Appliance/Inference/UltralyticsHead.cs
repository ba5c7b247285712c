using System.Numerics;
using System.Runtime.InteropServices;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>
/// Ultralytics v8 and what follows its form: <c>1 x (4 + classes) x N</c>, each row one quantity of all anchors:
/// centre x, centre y, width, height in pixels of the input, then each class's probability.
/// </summary>
sealed class UltralyticsHead : IHead
{
    readonly int _anchors;
    readonly int _classes;
    readonly float[] _best;
    readonly int[] _bestClass;

    public UltralyticsHead(HeadShapes shapes)
    {
        _classes = shapes.Classes;
        _anchors = (int)shapes.Want(0, $"4 + {_classes} classes, then the anchors", 1, 4 + _classes, -1)[2];
        _best = new float[_anchors];
        _bestClass = new int[_anchors];
    }

    public void Read(HeadTensors outputs, Reading reading, Candidates into)
    {
        var rows = outputs.First;
        _best.AsSpan().Clear();
        _bestClass.AsSpan().Clear();
        for (int c = 0; c < _classes; c++) Raise(rows.Slice((4 + c) * _anchors, _anchors), c, _best, _bestClass);
        for (int i = 0; i < _anchors; i++)
        {
            if (!(_best[i] >= reading.ScoreMin)) continue;
            float x = rows[i], y = rows[_anchors + i];
            float halfWidth = rows[(2 * _anchors) + i] / 2, halfHeight = rows[(3 * _anchors) + i] / 2;
            var box = new Box(x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight);
            int first = reading.EveryClass ? 0 : _bestClass[i], last = reading.EveryClass ? _classes - 1 : first;
            for (int c = first; c <= last; c++)
            {
                float score = rows[((4 + c) * _anchors) + i];
                if (score >= reading.ScoreMin) into.Add(box, c, score);
            }
        }
    }

    /// <summary>Keeps for each anchor the larger score and its class: 80 x 8400 comparisons, at vector speed.</summary>
    internal static void Raise(ReadOnlySpan<float> scores, int @class, Span<float> best, Span<int> bestClass)
    {
        int done = 0;
        if (Vector.IsHardwareAccelerated)
        {
            var from = MemoryMarshal.Cast<float, Vector<float>>(scores);
            var most = MemoryMarshal.Cast<float, Vector<float>>(best)[..from.Length];
            var which = MemoryMarshal.Cast<int, Vector<int>>(bestClass)[..from.Length];
            var here = new Vector<int>(@class);
            for (int i = 0; i < from.Length; i++)
            {
                var larger = Vector.GreaterThan(from[i], most[i]);
                most[i] = Vector.ConditionalSelect(larger, from[i], most[i]);
                which[i] = Vector.ConditionalSelect(larger, here, which[i]);
            }

            done = from.Length * Vector<float>.Count;
        }

        for (int i = done; i < scores.Length; i++)
        {
            if (!(scores[i] > best[i])) continue;
            best[i] = scores[i];
            bestClass[i] = @class;
        }
    }
}
