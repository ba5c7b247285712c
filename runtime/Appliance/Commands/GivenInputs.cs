using System.CommandLine;
using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Onnx.Inspection;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>What a model is run on: numbers drawn from a seed, a picture, or arrays of numpy's.</summary>
sealed class GivenInputs
{
    /// <summary>Larger pictures are scaled down to it: no detector looks at more.</summary>
    static readonly FrameFormat Largest = new(4096, 4096, ColourRange.Full, ColourMatrix.Bt601);

    readonly Option<int> _seed = new("--seed")
    {
        Description = "of the numbers drawn, 0 to 1",
        DefaultValueFactory = _ => 1,
    };

    readonly Option<string?> _image = new("--image") { Description = "a JPEG, prepared as the model's card says" };

    readonly Option<string[]> _npy = new("--npy")
    {
        Description = "an array for each input, in the model's order, or NAME=FILE",
        DefaultValueFactory = _ => [],
    };

    public void AddTo(Command command)
    {
        command.Add(_seed);
        command.Add(_image);
        command.Add(_npy);
    }

    /// <param name="path">the model's, for its card</param>
    /// <returns>the inputs, and what they are in words</returns>
    /// <exception cref="InvalidDataException">they do not fit the model</exception>
    public (IReadOnlyList<OnnxTensor> Inputs, string Told) Of(ParseResult words, string path, OnnxModel model)
    {
        if (words.GetValue(_image) is { } image) return ([Picture(image, path, model)], Path.GetFileName(image));
        string[] arrays = words.GetValue(_npy)!;
        if (arrays.Length > 0) return (Arrays(arrays, model), string.Join(", ", arrays.Select(Path.GetFileName)));
        int seed = words.GetValue(_seed);
        return (DrawnInputs.Of(model, seed), $"drawn from seed {seed}");
    }

    static OnnxTensor Picture(string image, string path, OnnxModel model)
    {
        var card = ModelFolder.Load(path).Card;
        var stated = ModelWords.Inputs(model).FirstOrDefault(i => i.Name == card.Input.Name)?.Shape;
        if (stated is not { Count: 4 } shape || shape.Any(d => d.Known is null))
            throw new InvalidDataException(
                $"{card.Name}: input.name is {card.Input.Name}: the model has no such picture of known size");
        bool isFirst = card.Input.Layout == TensorLayout.Nchw;
        var input = card.Input with
        {
            Height = (int)shape[isFirst ? 2 : 1].Known!.Value,
            Width = (int)shape[isFirst ? 3 : 2].Known!.Value,
        };
        var preprocessor = new Preprocessor(input);
        float[] numbers = new float[preprocessor.Length];
        using var pool = new FramePool(1, Largest.Bytes);
        using var jpeg = new JpegCodec();
        using var frame = jpeg.Decode(File.ReadAllBytes(image), pool, MonoTime.Now);
        preprocessor.Fill(frame, numbers);
        return OnnxTensor.Of(input.Name, numbers, [.. shape.Select(d => d.Known!.Value)]);
    }

    static List<OnnxTensor> Arrays(string[] arrays, OnnxModel model)
    {
        var inputs = ModelWords.Inputs(model);
        List<OnnxTensor> tensors = [];
        foreach (string array in arrays)
        {
            int equals = array.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 && tensors.Count >= inputs.Count)
                throw new InvalidDataException($"--npy {array}: the model has {inputs.Count} inputs");
            string name = equals < 0 ? inputs[tensors.Count].Name : array[..equals];
            tensors.Add(NumpyArray.Read(array[(equals + 1)..]).Named(name));
        }

        return tensors;
    }
}
