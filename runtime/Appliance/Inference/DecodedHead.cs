namespace EdgeAppliance.Runtime.Inference;

/// <summary>
/// Boxes the model has decoded itself, as SSD exports do: boxes <c>1 x N x 4</c> (left, top, right, bottom as parts of
/// the input) and probabilities <c>1 x N x classes</c>, or one more for the background, which then comes first.
/// </summary>
sealed class DecodedHead : IHead
{
    readonly int _boxes;
    readonly int _columns;
    readonly int _firstClass;
    readonly int _width;
    readonly int _height;

    public DecodedHead(HeadShapes shapes)
    {
        _boxes = (int)shapes.Want(0, "boxes: parts of the input", 1, -1, 4)[1];
        bool background = shapes.Outputs[1].Shape is [_, _, var columns] && columns == shapes.Classes + 1;
        _columns = shapes.Classes + (background ? 1 : 0);
        _firstClass = background ? 1 : 0;
        shapes.Want(1, $"scores: {shapes.Classes} classes, or one more for the background", 1, _boxes, _columns);
        (_width, _height) = (shapes.Card.Input.Width, shapes.Card.Input.Height);
    }

    public void Read(HeadTensors outputs, Reading reading, Candidates into)
    {
        for (int i = 0; i < _boxes; i++)
        {
            var scores = outputs.Second.Slice((i * _columns) + _firstClass, _columns - _firstClass);
            int best = BestClass.Of(scores);
            if (!(scores[best] >= reading.ScoreMin)) continue;
            var part = outputs.First.Slice(i * 4, 4);
            var box = new Box(part[0] * _width, part[1] * _height, part[2] * _width, part[3] * _height);
            for (int c = reading.EveryClass ? 0 : best; c < (reading.EveryClass ? scores.Length : best + 1); c++)
                if (scores[c] >= reading.ScoreMin) into.Add(box, c, scores[c]);
        }
    }
}
