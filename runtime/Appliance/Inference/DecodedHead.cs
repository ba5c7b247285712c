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

    public void Read(HeadTensors outputs, float scoreMin, Candidates into)
    {
        for (int i = 0; i < _boxes; i++)
        {
            var scores = outputs.Second.Slice((i * _columns) + _firstClass, _columns - _firstClass);
            int best = BestClass.Of(scores);
            if (!(scores[best] >= scoreMin)) continue;
            var box = outputs.First.Slice(i * 4, 4);
            into.Add(new Box(box[0] * _width, box[1] * _height, box[2] * _width, box[3] * _height), best, scores[best]);
        }
    }
}
