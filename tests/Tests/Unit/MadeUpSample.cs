using System.Buffers.Binary;
using System.Security.Cryptography;
using EdgeAppliance.CloudSync.Contract;

namespace EdgeAppliance.Tests.Unit;

/// <summary>Samples made from a seed: a real JPEG, made unique and as large as asked by comment segments.</summary>
static class MadeUpSample
{
    public const int Width = 16;
    public const int Height = 16;

    const int SegmentBytesMax = 65_000;

    // 16x16, one grey: written by libjpeg.
    static readonly byte[] Jpeg = Convert.FromBase64String(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYn"
        + "KSopGR8tMC0oMCUoKSj/wAALCAAQABABAREA/8QAFQABAQAAAAAAAAAAAAAAAAAAAAT/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/9oA"
        + "CAEBAAA/AJAH/9k=");

    public static (Sample Sample, byte[] Image) Make(Random random, string device, int bytes)
    {
        byte[] image = MakeImage(random, bytes);
        double left = random.NextDouble() * (Width - 4), top = random.NextDouble() * (Height - 4);
        var sample = new Sample(
            Sample.CurrentVersion, SampleId.New(), device, DateTimeOffset.UtcNow, ClockTrust.Synchronised,
            "twin://test", random.Next(1 << 20), random.NextDouble() * 1000, Width, Height, "image/jpeg",
            Convert.ToHexStringLower(SHA256.HashData(image)),
            [new SampleBox(left, top, 4, 3, "person", 0.9, "t-17", 4, 0.4, 1.5, 2, "person", 0.8)],
            [new SampleDetection(0, 0, 5, 5, "car", 0.4)], "0123456789ab", "c-1", "steady",
            Math.Round(random.NextDouble(), 1));
        return (sample, image);
    }

    static byte[] MakeImage(Random random, int bytes)
    {
        using var image = new MemoryStream();
        image.Write(Jpeg.AsSpan(0, 2));
        byte[] comment = new byte[SegmentBytesMax];
        Span<byte> head = [0xff, 0xfe, 0, 0];
        for (int left = Math.Max(16, bytes - Jpeg.Length); left > 0; left -= SegmentBytesMax)
        {
            var part = comment.AsSpan(0, Math.Min(left, SegmentBytesMax));
            random.NextBytes(part);
            BinaryPrimitives.WriteUInt16BigEndian(head[2..], (ushort)(part.Length + 2));
            image.Write(head);
            image.Write(part);
        }

        image.Write(Jpeg.AsSpan(2));
        return image.ToArray();
    }
}
