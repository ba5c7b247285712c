using System.CommandLine;
using System.Globalization;
using EdgeAppliance.Onnx;
using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>The words that the model commands share, and what they mean.</summary>
sealed class ModelWords
{
    public Option<bool> Json { get; } = new("--json") { Description = "as JSON" };

    readonly Option<string[]> _size = new("--size")
    {
        Description = "size of an input: 320x320 (width x height of the picture), 1x3x320x320, or NAME=1x3x320x320",
        DefaultValueFactory = _ => [],
    };

    readonly Option<string> _provider = new("--provider")
    {
        Description = "who computes: cpu, cuda or tensorrt",
        DefaultValueFactory = _ => "cpu",
    };

    readonly Option<int> _threads = new("--threads") { Description = "of a run; 0: inference's share of this machine" };

    public void AddTo(Command command, bool runs = true)
    {
        command.Add(Json);
        command.Add(_size);
        if (!runs) return;
        command.Add(_provider);
        command.Add(_threads);
    }

    /// <summary>A model's file, or the model in a model's folder.</summary>
    /// <exception cref="FileNotFoundException">no such file</exception>
    public static string FileOf(string path)
    {
        string file = Directory.Exists(path) ? Path.Combine(path, ModelFolder.ModelFile) : path;
        return File.Exists(file) ? file : throw new FileNotFoundException($"{file}: no such model file", file);
    }

    /// <summary>
    /// Reads a model and gives its inputs the sizes asked for; an open first size, the batch, becomes 1.
    /// </summary>
    /// <exception cref="InvalidDataException">sizes that the model cannot have</exception>
    public OnnxModel Load(ParseResult words, string path)
    {
        string file = FileOf(path);
        var model = OnnxModel.Load(file);
        return Told(file, () =>
        {
            foreach (string size in words.GetValue(_size) ?? []) model = Sized(model, size);
            foreach (var input in Inputs(model).Where(
                i => i.Shape is { Count: > 0 } s && s[0].Known is null && s.Skip(1).All(d => d.Known is not null)))
                model = InputSizes.Set(model, input.Name, [1, .. input.Shape!.Skip(1).Select(d => d.Known!.Value)]);
            return model;
        });
    }

    public static IReadOnlyList<TypedValue> Inputs(OnnxModel model)
    {
        var constants = model.Graph.Initializers.Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        return [.. model.Graph.Inputs.Where(i => !constants.Contains(i.Name))];
    }

    static OnnxModel Sized(OnnxModel model, string size)
    {
        int equals = size.LastIndexOf('=');
        string name = equals < 0 ? Inputs(model)[0].Name : size[..equals];
        long[] numbers = Numbers(size[(equals + 1)..]);
        var shape = Inputs(model).FirstOrDefault(i => i.Name == name)?.Shape;
        if (numbers.Length == 2 && shape is { Count: 4 })
        {
            // Channels come last where they are 1 to 4 there and not second.
            bool isLast = shape[3].Known is <= 4 && shape[1].Known is not <= 4;
            long batch = shape[0].Known ?? 1, channels = shape[isLast ? 3 : 1].Known ?? 3;
            numbers = isLast ? [batch, numbers[1], numbers[0], channels] : [batch, channels, numbers[1], numbers[0]];
        }

        return InputSizes.Set(model, name, numbers);
    }

    static long[] Numbers(string text) => [.. text.Split('x').Select(part =>
        long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out long n) && n > 0 ? n
            : throw new ArgumentException($"--size {text}: sizes are numbers with x between, as 320x320"))];

    /// <summary>How a session is to be opened.</summary>
    public SessionWishes Wishes(ParseResult words) => Wishes(words, words.GetValue(_provider)!);

    /// <exception cref="InvalidDataException">no such provider</exception>
    public SessionWishes Wishes(ParseResult words, string provider) => new()
    {
        Providers = [ProviderNames.Find(provider)
            ?? throw new InvalidDataException($"--provider {provider}: cpu, cuda or tensorrt")],
        Threads = words.GetValue(_threads),
        CountNodes = false,
    };

    /// <summary>Says whose fault it is, and which file.</summary>
    /// <exception cref="InvalidDataException">what the library says of a model or a name that do not fit</exception>
    public static T Told<T>(string file, Func<T> work)
    {
        try { return work(); }
        catch (Exception fault) when (fault is NotSupportedException or ArgumentException)
        {
            throw new InvalidDataException($"{Path.GetFileName(file)}: {fault.Message}", fault);
        }
    }
}
