using System.Security.Cryptography;

namespace EdgeAppliance.Onnx.Model;

/// <summary>
/// A model in the ONNX format (github.com/onnx/onnx, docs/IR.md), read from and written to its wire format. What this
/// library does not interpret is kept byte for byte.
/// </summary>
public sealed class OnnxModel
{
    public long IrVersion { get; set; } = 8;

    public string Producer { get; set; } = "";

    public string ProducerVersion { get; set; } = "";

    public OnnxGraph Graph { get; init; } = new();

    /// <summary>Operator sets in use: domain (empty for ONNX itself) to version.</summary>
    public IDictionary<string, long> Opsets { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    public IList<KeyValuePair<string, string>> Metadata { get; init; } = [];

    /// <summary>Version of ONNX's own operators.</summary>
    public long Opset => Opsets.TryGetValue("", out long version) ? version : 1;

    internal Unread Unread { get; private init; } = new();

    /// <summary>What is not interpreted inside operator sets and metadata, by domain and by key.</summary>
    Dictionary<string, Unread> UnreadInside { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Reads a model from a file, and numbers that lie beside it.</summary>
    /// <exception cref="OnnxFormatException">no ONNX model, a damaged one, or one of 2 GiB or more</exception>
    public static OnnxModel Load(string path)
    {
        long length = new FileInfo(path).Length;
        if (length >= Array.MaxLength)
            throw new OnnxFormatException($"{path}: {length} bytes are 2 GiB or more, refused");
        return Read(File.ReadAllBytes(path), Path.GetFileName(path), Path.GetDirectoryName(Path.GetFullPath(path)));
    }

    /// <summary>Reads a model from memory, of which tensors stay views.</summary>
    /// <param name="name">what a person would call it, for messages</param>
    /// <param name="folder">where numbers outside the file lie; null: they are refused</param>
    /// <exception cref="OnnxFormatException">no ONNX model, or a damaged one</exception>
    public static OnnxModel Read(ReadOnlyMemory<byte> bytes, string name, string? folder = null)
    {
        var reader = new WireReader(bytes, name);
        OnnxGraph? graph = null;
        Dictionary<string, long> opsets = new(StringComparer.Ordinal);
        List<KeyValuePair<string, string>> metadata = [];
        var unread = new Unread();
        Dictionary<string, Unread> inside = new(StringComparer.Ordinal);
        string producer = "", version = "";
        long ir = 0;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: ir = reader.Int64(); break;
                case 2: producer = reader.String(); break;
                case 3: version = reader.String(); break;
                case 7: graph = OnnxGraph.Read(reader.Bytes(), name, 0); break;
                case 8: ReadOpset(reader.Bytes(), name, opsets, inside); break;
                case 14: metadata.Add(ReadEntry(reader.Bytes(), name, inside)); break;
                default: reader.Keep(unread); break;
            }
        }

        if (graph is null) throw reader.Fault("it holds no graph");
        if (ir < 1) throw reader.Fault($"its format version is {ir}");
        graph.LoadExternal(folder);
        return new OnnxModel
        {
            IrVersion = ir,
            Producer = producer,
            ProducerVersion = version,
            Graph = graph,
            Opsets = opsets,
            Metadata = metadata,
            Unread = unread,
            UnreadInside = inside,
        };
    }

    /// <summary>The model as a file's bytes.</summary>
    /// <exception cref="OnnxFormatException">2 GiB or more</exception>
    public byte[] ToBytes()
    {
        var to = new WireWriter();
        to.Int(1, IrVersion);
        if (Producer.Length > 0) to.Text(2, Producer);
        if (ProducerVersion.Length > 0) to.Text(3, ProducerVersion);
        to.Message(7, Graph.WriteTo);
        foreach (var (domain, version) in Opsets)
        {
            to.Message(8, opset =>
            {
                opset.Text(1, domain);
                opset.Int(2, version);
                if (UnreadInside.TryGetValue(OpsetKey(domain), out var unread)) unread.WriteTo(opset);
            });
        }

        foreach (var (key, value) in Metadata)
        {
            to.Message(14, pair =>
            {
                pair.Text(1, key);
                pair.Text(2, value);
                if (UnreadInside.TryGetValue(MetadataKey(key), out var unread)) unread.WriteTo(pair);
            });
        }

        Unread.WriteTo(to);
        return to.Written.ToArray();
    }

    /// <summary>Writes the model whole or not at all: beside the file first, flushed, then in its place.</summary>
    public void Save(string path)
    {
        string beside = path + ".part";
        using (var file = new FileStream(beside, FileMode.Create, FileAccess.Write))
        {
            file.Write(ToBytes());
            file.Flush(flushToDisk: true);
        }

        File.Move(beside, path, overwrite: true);
    }

    /// <summary>SHA-256 of the bytes this would be saved as, in lower-case hexadecimal.</summary>
    public string Checksum() => Convert.ToHexStringLower(SHA256.HashData(ToBytes()));

    /// <summary>A model that can be changed without changing this one; constants' numbers are shared.</summary>
    public OnnxModel Copy() => new()
    {
        IrVersion = IrVersion,
        Producer = Producer,
        ProducerVersion = ProducerVersion,
        Graph = Graph.Copy(),
        Opsets = new Dictionary<string, long>(Opsets, StringComparer.Ordinal),
        Metadata = [.. Metadata],
        Unread = Unread.Copy(),
        UnreadInside = new Dictionary<string, Unread>(UnreadInside, StringComparer.Ordinal),
    };

    static string OpsetKey(string domain) => "opset " + domain;

    static string MetadataKey(string key) => "metadata " + key;

    static void ReadOpset(
        ReadOnlyMemory<byte> message, string what, Dictionary<string, long> into, Dictionary<string, Unread> inside)
    {
        var reader = new WireReader(message, what);
        string domain = "";
        long version = 1;
        var unread = new Unread();
        while (reader.Next())
        {
            if (reader.Field == 1) domain = reader.String();
            else if (reader.Field == 2) version = reader.Int64();
            else reader.Keep(unread);
        }

        if (domain == "ai.onnx") domain = "";
        into[domain] = version;
        if (!unread.IsEmpty) inside[OpsetKey(domain)] = unread;
    }

    static KeyValuePair<string, string> ReadEntry(
        ReadOnlyMemory<byte> message, string what, Dictionary<string, Unread> inside)
    {
        var unread = new Unread();
        var pair = ReadPair(message, what, unread);
        if (!unread.IsEmpty) inside[MetadataKey(pair.Key)] = unread;
        return pair;
    }

    internal static KeyValuePair<string, string> ReadPair(ReadOnlyMemory<byte> message, string what, Unread unread)
    {
        var reader = new WireReader(message, what);
        string key = "", value = "";
        while (reader.Next())
        {
            if (reader.Field == 1) key = reader.String();
            else if (reader.Field == 2) value = reader.String();
            else reader.Keep(unread);
        }

        return new(key, value);
    }
}
