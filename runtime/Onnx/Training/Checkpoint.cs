using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace EdgeAppliance.Onnx.Training;

/// <summary>
/// Where a training stands, to go on from there bit by bit: little-endian, <c>EATRAIN</c> and a version byte, what the
/// training is of, counts, named vectors, and the SHA-256 of all before it.
/// </summary>
/// <param name="Fingerprint">of the model and how it learns</param>
/// <param name="Steps">that were applied</param>
/// <param name="Batches">that were accumulated since</param>
sealed record Checkpoint(
    string Fingerprint, long Steps, int Batches, IReadOnlyList<KeyValuePair<string, float[]>> Vectors)
{
    const byte Version = 1;

    static ReadOnlySpan<byte> Magic => "EATRAIN"u8;

    /// <summary>Writes it whole or not at all: beside the file first, flushed, then in its place.</summary>
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

    byte[] ToBytes()
    {
        using var to = new MemoryStream();
        using var writer = new BinaryWriter(to, Encoding.UTF8);
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write(Fingerprint);
        writer.Write(Steps);
        writer.Write(Batches);
        writer.Write(Vectors.Count);
        foreach (var (name, numbers) in Vectors)
        {
            writer.Write(name);
            writer.Write(numbers.Length);
            writer.Write(MemoryMarshal.AsBytes<float>(numbers));
        }

        writer.Flush();
        writer.Write(SHA256.HashData(to.ToArray()));
        writer.Flush();
        return to.ToArray();
    }

    /// <exception cref="InvalidDataException">not one of these, or damaged: the message says which</exception>
    public static Checkpoint Load(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int end = bytes.Length - SHA256.HashSizeInBytes;
        if (end < Magic.Length + 1 || !bytes.AsSpan().StartsWith(Magic))
            throw new InvalidDataException($"{path}: not a training's checkpoint");
        if (bytes[Magic.Length] != Version)
        {
            throw new InvalidDataException($"{path}: a checkpoint of version {bytes[Magic.Length]}, this program reads "
                + $"version {Version}: go on with the program that wrote it");
        }

        if (!SHA256.HashData(bytes.AsSpan(0, end)).AsSpan().SequenceEqual(bytes.AsSpan(end)))
        {
            throw new InvalidDataException(
                $"{path}: the checkpoint is damaged, its checksum differs: take an older one");
        }

        using var from = new MemoryStream(bytes, Magic.Length + 1, end - Magic.Length - 1);
        using var reader = new BinaryReader(from, Encoding.UTF8);
        string fingerprint = reader.ReadString();
        long steps = reader.ReadInt64();
        int batches = reader.ReadInt32(), count = reader.ReadInt32();
        List<KeyValuePair<string, float[]>> vectors = [];
        for (int i = 0; i < count; i++)
        {
            string name = reader.ReadString();
            float[] numbers = new float[reader.ReadInt32()];
            reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(numbers.AsSpan()));
            vectors.Add(new(name, numbers));
        }

        return new Checkpoint(fingerprint, steps, batches, vectors);
    }
}
