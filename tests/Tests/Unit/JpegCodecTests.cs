using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Media;
using EdgeAppliance.Drivers.Memory;

namespace EdgeAppliance.Tests.Unit;

public sealed class JpegCodecTests
{
    public static TheoryData<int, int, ColourRange, ColourMatrix> Formats => new()
    {
        { 320, 240, ColourRange.Limited, ColourMatrix.Bt709 },
        { 320, 240, ColourRange.Limited, ColourMatrix.Bt601 },
        { 320, 240, ColourRange.Full, ColourMatrix.Bt601 },
        { 321, 179, ColourRange.Limited, ColourMatrix.Bt709 },
    };

    [SkippableTheory]
    [MemberData(nameof(Formats))]
    public void A_picture_keeps_its_colours_through_a_jpeg(
        int width, int height, ColourRange range, ColourMatrix matrix)
    {
        EncoderTests.RequireLibav();
        var format = new FrameFormat(width, height, range, matrix);
        using var pool = new FramePool(slots: 2, format.Bytes);
        using var codec = new JpegCodec();
        using var drawn = TestPictures.Draw(pool, format, 3);
        using var seen = codec.Decode(codec.Encode(drawn, quality: 90), pool, default);

        Assert.Equal(format with { Range = ColourRange.Full, Matrix = ColourMatrix.Bt601 }, seen.Format);
        double squares = 0;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                var (r, g, b) = TestPictures.Rgb(drawn, x, y);
                var (r2, g2, b2) = TestPictures.Rgb(seen, x, y);
                squares += Sq(r, r2) + Sq(g, g2) + Sq(b, b2);
            }
        }

        double psnr = 10 * Math.Log10(255.0 * 255 * width * height * 3 / squares);
        Assert.True(psnr > 35, $"{psnr:F1} dB in RGB");
    }

    [SkippableFact]
    public void A_better_quality_costs_more_bytes_and_is_nearer()
    {
        EncoderTests.RequireLibav();
        var format = new FrameFormat(320, 240, ColourRange.Full, ColourMatrix.Bt601);
        using var pool = new FramePool(slots: 2, format.Bytes);
        using var codec = new JpegCodec();
        using var drawn = TestPictures.Draw(pool, format, 0);
        double psnrBefore = 0;
        int bytesBefore = 0;
        foreach (int quality in new[] { 15, 40, 70, 90, 97 })
        {
            byte[] jpeg = codec.Encode(drawn, quality);
            using var seen = codec.Decode(jpeg, pool, default);
            double psnr = TestPictures.Psnr(drawn.Luma, seen.Luma);
            Assert.True(jpeg.Length > bytesBefore, $"quality {quality}: {jpeg.Length} after {bytesBefore}");
            Assert.True(psnr > psnrBefore, $"quality {quality}: {psnr} after {psnrBefore}");
            (psnrBefore, bytesBefore) = (psnr, jpeg.Length);
        }

        Assert.True(psnrBefore > 40, $"{psnrBefore}");
    }

    [SkippableFact]
    public void A_jpeg_begins_and_ends_as_one_and_names_no_library()
    {
        EncoderTests.RequireLibav();
        var format = new FrameFormat(64, 48, ColourRange.Limited, ColourMatrix.Bt709);
        using var pool = new FramePool(slots: 1, format.Bytes);
        using var codec = new JpegCodec();
        using var drawn = TestPictures.Draw(pool, format, 0);
        byte[] jpeg = codec.Encode(drawn, quality: 80);
        Assert.Equal([0xff, 0xd8], jpeg[..2]);
        Assert.Equal([0xff, 0xd9], jpeg[^2..]);
        Assert.Equal(-1, jpeg.AsSpan().IndexOf("Lavc"u8));
    }

    [SkippableFact]
    public void What_is_no_jpeg_is_refused_and_the_next_one_decodes()
    {
        EncoderTests.RequireLibav();
        var format = new FrameFormat(64, 48, ColourRange.Limited, ColourMatrix.Bt709);
        using var pool = new FramePool(slots: 2, format.Bytes);
        using var codec = new JpegCodec();
        using var drawn = TestPictures.Draw(pool, format, 0);
        byte[] jpeg = codec.Encode(drawn, quality: 80);
        Assert.Throws<DeviceException>(() => codec.Decode([], pool, default));
        Assert.Throws<DeviceException>(() => codec.Decode("this is a text"u8, pool, default));
        Assert.Throws<DeviceException>(() => codec.Decode(jpeg.AsSpan(0, jpeg.Length / 2), pool, default));
        using (codec.Decode(jpeg, pool, default)) Assert.Equal(2, pool.Held);
        Assert.Equal(1, pool.Held);
    }

    static double Sq(double a, double b) => (a - b) * (a - b);
}
