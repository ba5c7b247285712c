using System.Security.Cryptography;
using EdgeAppliance.Onnx.Editing;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>
/// A model with its card, checked against each other: a folder with <c>model.onnx</c> and <c>model.json</c>, or an ONNX
/// file whose card lies beside it (<c>x.json</c> for <c>x.onnx</c>) or is shipped with us (by the file's SHA-256).
/// </summary>
sealed class ModelFolder
{
    public const string ModelFile = "model.onnx";
    public const string CardFile = "model.json";

    /// <summary>Larger files are refused before they are read: no detector for a Jetson is that large.</summary>
    const long BytesMax = 512L << 20;

    ModelFolder(string path, ModelCard card, byte[] onnx)
    {
        Path = path;
        Card = card;
        Onnx = onnx;
    }

    /// <summary>The ONNX file.</summary>
    public string Path { get; }

    public ModelCard Card { get; }

    /// <summary>The ONNX file's bytes.</summary>
    public byte[] Onnx { get; }

    /// <summary>The first 12 hex digits of the SHA-256: what a sample carries.</summary>
    public string ShortHash => Card.Sha256[..12];

    /// <summary>Where the program keeps the models and cards it is shipped with.</summary>
    public static string Shipped => System.IO.Path.Combine(AppContext.BaseDirectory, "models");

    /// <param name="path">a model's folder or its ONNX file</param>
    /// <exception cref="FileNotFoundException">no such file or folder, or one without a model or a card</exception>
    /// <exception cref="InvalidDataException">card and file do not fit, or the card has faults (all told)</exception>
    public static ModelFolder Load(string path) => Load(path, Shipped);

    /// <param name="shipped">where <c>cards/*.json</c> lie</param>
    internal static ModelFolder Load(string path, string shipped)
    {
        if (Directory.Exists(path))
        {
            string inFolder = System.IO.Path.Combine(path, CardFile);
            if (!File.Exists(inFolder))
                throw new FileNotFoundException($"{inFolder}: no such file: {HowToWrite}", inFolder);
            byte[] bytes = ReadOnnx(System.IO.Path.Combine(path, ModelFile));
            return Checked(System.IO.Path.Combine(path, ModelFile), bytes, inFolder);
        }

        byte[] onnx = ReadOnnx(path);
        string beside = System.IO.Path.ChangeExtension(path, ".json");
        if (File.Exists(beside)) return Checked(path, onnx, beside);
        string hash = HashOf(onnx);
        if (ShippedCard(hash, shipped) is { } card) return new ModelFolder(path, card, onnx);
        throw new FileNotFoundException(
            $"{path}: no card: {beside} is not there and no shipped card has sha256 {hash}: {HowToWrite}", beside);
    }

    /// <summary>
    /// The model for pictures of another size: a rung of the resolution knob. The card's hash stays the file's.
    /// </summary>
    /// <exception cref="InvalidDataException">
    /// a constant in the model forbids it: the message names node and constant
    /// </exception>
    public ModelFolder At(int width, int height)
    {
        var input = Card.Input;
        if (input.Width == width && input.Height == height) return this;
        long[] sizes = input.Layout == TensorLayout.Nchw ? [1, 3, height, width] : [1, height, width, 3];
        try
        {
            var sized = InputSizes.Set(OnnxModel.Read(Onnx, Path), input.Name, sizes);
            var other = input with { Width = width, Height = height, Native = input.Native };
            return new ModelFolder(Path, Card with { Input = other }, sized.ToBytes());
        }
        catch (Exception fault) when (fault is NotSupportedException or ArgumentException)
        {
            throw new InvalidDataException($"{Card.Name} at {width}x{height}: {fault.Message}", fault);
        }
    }

    /// <summary>Lower-case hex.</summary>
    public static string HashOf(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    const string HowToWrite = "write one as docs/models.md shows (name, sha256, input, head, classes)";

    static ModelFolder Checked(string path, byte[] onnx, string cardPath)
    {
        var card = CardReading.Read(File.ReadAllBytes(cardPath), cardPath);
        string hash = HashOf(onnx);
        if (hash == card.Sha256) return new ModelFolder(path, card, onnx);
        throw new InvalidDataException($"{cardPath}: sha256 is {card.Sha256}, but {path} has {hash}: "
            + "the file is another or was damaged: get it again, or write its own hash into its own card");
    }

    static byte[] ReadOnnx(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists) throw new FileNotFoundException($"{path}: no such model file", path);
        return file.Length switch
        {
            0 => throw new InvalidDataException($"{path}: the file is empty: get the model again"),
            > BytesMax => throw new InvalidDataException(
                $"{path}: {file.Length >> 20} MB: at most {BytesMax >> 20} MB are read as a model"),
            _ => File.ReadAllBytes(path),
        };
    }

    static ModelCard? ShippedCard(string hash, string shipped)
    {
        string folder = System.IO.Path.Combine(shipped, "cards");
        if (!Directory.Exists(folder)) return null;
        foreach (string file in Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal))
        {
            var card = CardReading.Read(File.ReadAllBytes(file), file);
            if (card.Sha256 == hash) return card;
        }

        return null;
    }
}
