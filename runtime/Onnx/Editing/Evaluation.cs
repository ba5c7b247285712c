using EdgeAppliance.Onnx.Model;
using Microsoft.ML.OnnxRuntime;

namespace EdgeAppliance.Onnx.Editing;

/// <summary>
/// A model without inputs, computed once by ONNX Runtime: nobody else's arithmetic decides a constant.
/// </summary>
static class Evaluation
{
    /// <summary>The outputs; null where ONNX Runtime cannot compute this model here.</summary>
    public static OnnxTensor[]? Of(OnnxModel model)
    {
        OnnxLibrary.Start();
        using var options = new SessionOptions();
        // Node by node, as it would be in the whole model.
        options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL;
        options.IntraOpNumThreads = 1;
        options.InterOpNumThreads = 1;
        // What it cannot compute here is told by the answer.
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        try
        {
            using var session = new InferenceSession(model.ToBytes(), options);
            using var run = new RunOptions();
            using var results = session.Run(run, [], [], session.OutputNames);
            return [.. session.OutputNames.Zip(results, Tensor)];
        }
        catch (OnnxRuntimeException)
        {
            return null;
        }
    }

    static OnnxTensor Tensor(string name, OrtValue value)
    {
        var shape = value.GetTensorTypeAndShape();
        // A span of bytes that belongs to the value; the format's element types have ONNX Runtime's numbers.
        return OnnxTensor.Raw(name, (ElementType)(int)shape.ElementDataType, shape.Shape,
            value.GetTensorMutableRawData().ToArray());
    }
}
