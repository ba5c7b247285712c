using System.Globalization;
using EdgeAppliance.Onnx;

namespace EdgeAppliance.Bench;

/// <summary>What a benchmark was asked: its name, where its data lies, and the words only it knows.</summary>
sealed record BenchArguments(string Name, string Data, IReadOnlyList<string> Rest)
{
    /// <summary>Null when there is no name, or --data without a folder.</summary>
    public static BenchArguments? Parse(string[] args)
    {
        string? name = null, data = null;
        var rest = new List<string>();
        for (int i = 0; i < args.Length; i++)
        {
            if (args[i] == "--data")
            {
                if (++i == args.Length) return null;
                data = args[i];
            }
            else if (name is null) name = args[i];
            else rest.Add(args[i]);
        }

        return name is null ? null : new BenchArguments(name, data ?? Path.Combine("..", "shared", "data"), rest);
    }

    /// <summary>The value after <paramref name="option"/> among the words only the benchmark knows, or null.</summary>
    public string? After(string option)
    {
        for (int i = 0; i + 1 < Rest.Count; i++) if (Rest[i] == option) return Rest[i + 1];
        return null;
    }

    /// <summary>Who computes: <c>--provider</c>, else the processor.</summary>
    public Provider Provider => After("--provider") is not { } named ? Provider.Cpu
        : ProviderNames.Find(named)
            ?? throw new FormatException($"provider '{named}': cpu, cuda or tensorrt is wanted");

    /// <summary>A benchmark of an accelerator measures nothing else in its place.</summary>
    /// <exception cref="PlatformNotSupportedException">the accelerator was refused: the message says why</exception>
    public static void Insist(IEnumerable<(Provider Provider, string Reason)> refused)
    {
        foreach (var (asked, why) in refused)
            throw new PlatformNotSupportedException($"{asked.InSettings()} was asked for and cannot be had: {why}");
    }

    /// <summary>Numbers and ranges, as in 1,2,5-9.</summary>
    public static IEnumerable<int> Numbers(string text)
    {
        foreach (string part in text.Split(','))
        {
            int[] ends = [.. part.Split('-').Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
            for (int number = ends[0]; number <= ends[^1]; number++) yield return number;
        }
    }

    /// <summary>Width and height, as in 544x320.</summary>
    public static (int Width, int Height) Size(string text) => text.Split('x') is [var width, var height]
        && int.TryParse(width, NumberStyles.None, CultureInfo.InvariantCulture, out int wide)
        && int.TryParse(height, NumberStyles.None, CultureInfo.InvariantCulture, out int high)
            ? (wide, high)
            : throw new FormatException($"size '{text}': WIDTHxHEIGHT is needed, as in 544x320");

    public static int Usage(IEnumerable<string> names)
    {
        Console.Error.WriteLine("bench NAME [--data DIR]; NAME is one of: " + string.Join(", ", names));
        return 64;
    }
}
