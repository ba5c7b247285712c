namespace EdgeAppliance.Onnx.Model;

/// <summary>A file that is no ONNX model, or one that breaks the format: the message says where and why.</summary>
public sealed class OnnxFormatException : IOException
{
    public OnnxFormatException() { }

    public OnnxFormatException(string message) : base(message) { }

    public OnnxFormatException(string message, Exception inner) : base(message, inner) { }
}
