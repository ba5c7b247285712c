using System.Diagnostics;
using EdgeAppliance.Onnx.Model;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace EdgeAppliance.Onnx.Inspection;

/// <summary>
/// A model open for looking into: tensors of every type go in and out by name, and are copied. For work, see
/// <see cref="OnnxSession"/>.
/// </summary>
public sealed class TensorRun : IDisposable
{
    readonly InferenceSession _session;

    TensorRun(InferenceSession session, Provider provider, IReadOnlyList<(Provider, string)> refused)
    {
        _session = session;
        Provider = provider;
        Refused = refused;
    }

    public Provider Provider { get; }

    /// <summary>Providers that were asked for and could not be had, with the reason.</summary>
    public IReadOnlyList<(Provider Provider, string Reason)> Refused { get; }

    /// <summary>What the last run took, copies left out.</summary>
    public TimeSpan LastRun { get; private set; }

    /// <exception cref="InvalidDataException">the runtime refuses the model: the message says why</exception>
    /// <exception cref="DllNotFoundException">no native library</exception>
    public static TensorRun Open(string name, OnnxModel model, SessionWishes wishes) => Open(name, model, wishes, null);

    /// <param name="profile">begins the name of the file a profile is written to; null: no profile</param>
    internal static TensorRun Open(string name, OnnxModel model, SessionWishes wishes, string? profile)
    {
        var (usable, refused) = SessionOpening.Usable(wishes);
        using var options = SessionOpening.OptionsFor(name, wishes, usable);
        if (profile is not null)
        {
            options.ProfileOutputPathPrefix = profile;
            options.EnableProfiling = true;
        }

        try
        {
            return new TensorRun(new InferenceSession(model.ToBytes(), options),
                usable.Count > 0 ? usable[0] : Provider.Cpu, refused);
        }
        catch (OnnxRuntimeException fault)
        {
            throw new InvalidDataException(
                $"{name}: ONNX Runtime cannot open this model: {SessionOpening.OneLine(fault.Message)}", fault);
        }
    }

    /// <summary>The model's outputs, by name.</summary>
    /// <param name="outputs">those wanted; null: all</param>
    /// <exception cref="InvalidDataException">inputs that do not fit</exception>
    public IReadOnlyDictionary<string, OnnxTensor> Run(
        IReadOnlyList<OnnxTensor> inputs, IReadOnlyCollection<string>? outputs = null)
    {
        List<OrtValue> values = [];
        try
        {
            foreach (var input in inputs) values.Add(ValueOf(input));
            using var options = new RunOptions();
            string[] wanted = [.. outputs ?? _session.OutputNames];
            long from = Stopwatch.GetTimestamp();
            using var results = _session.Run(options, [.. inputs.Select(i => i.Name)], values, wanted);
            LastRun = Stopwatch.GetElapsedTime(from);
            return wanted.Zip(results).ToDictionary(r => r.First, r => TensorOf(r.First, r.Second), StringComparer.Ordinal);
        }
        catch (OnnxRuntimeException fault)
        {
            throw new InvalidDataException($"the model cannot be run: {SessionOpening.OneLine(fault.Message)}", fault);
        }
        finally
        {
            foreach (var value in values) value.Dispose();
        }
    }

    internal string EndProfile() => _session.EndProfiling();

    static OrtValue ValueOf(OnnxTensor tensor)
    {
        var value = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, (TensorElementType)(int)tensor.Type, [.. tensor.Dims]);
        tensor.Data.Span.CopyTo(value.GetTensorMutableRawData());
        return value;
    }

    static OnnxTensor TensorOf(string name, OrtValue value)
    {
        var shape = value.GetTensorTypeAndShape();
        return OnnxTensor.Raw(name, (ElementType)(int)shape.ElementDataType, shape.Shape,
            value.GetTensorMutableRawData().ToArray());
    }

    public void Dispose() => _session.Dispose();
}
