using System.Security.Cryptography;
using EdgeAppliance.CloudSync.Contract;

namespace EdgeAppliance.Retrain.Ingest;

/// <summary>What a sample must be to enter the data set.</summary>
static class SampleCheck
{
    // A box computed in single precision may leave its image by a rounding; more is a fault of the device.
    const double OutsidePx = 0.5;

    /// <summary>What is wrong with a sample, for ever; null when nothing is.</summary>
    public static string? Fault(Sample sample, ReadOnlySpan<byte> image, string device)
    {
        if (sample.Device != device) return $"sent on the topic of {device}, but made by {sample.Device}";
        if (sample.Id.Value == Guid.Empty) return "its id is empty";
        if (sample.ImageType != "image/jpeg") return $"an image of type {sample.ImageType}: image/jpeg is taken";
        if (sample.Width is < 1 or > SampleFrame.ImageSideMax || sample.Height is < 1 or > SampleFrame.ImageSideMax)
            return $"an image of {sample.Width}x{sample.Height}: 1 to {SampleFrame.ImageSideMax} a side";
        if (Convert.ToHexStringLower(SHA256.HashData(image)) != sample.ImageSha256)
            return "the image's SHA-256 does not match";
        if (JpegSize.Read(image) is not { } size) return "the image is no whole JPEG";
        if (size != (sample.Width, sample.Height))
            return $"the JPEG is {size.Width}x{size.Height}, the sample says {sample.Width}x{sample.Height}";
        if (!(sample.Worth is >= 0 and <= 1)) return $"worth {sample.Worth}: 0 to 1";
        return sample.Boxes.Select((box, i) => BoxFault(box, i, sample)).FirstOrDefault(fault => fault is not null)
            ?? sample.Detections.Select((seen, i) => DetectionFault(seen, i, sample))
                .FirstOrDefault(fault => fault is not null);
    }

    static string? BoxFault(SampleBox box, int number, Sample sample)
    {
        if (string.IsNullOrWhiteSpace(box.Class)) return $"boxes[{number}] has no class";
        if (!(box.Confidence is >= 0 and <= 1)) return $"boxes[{number}] has confidence {box.Confidence}: 0 to 1";
        return Outside($"boxes[{number}]", box.Left, box.Top, box.Width, box.Height, sample);
    }

    static string? DetectionFault(SampleDetection seen, int number, Sample sample) =>
        Outside($"detections[{number}]", seen.Left, seen.Top, seen.Width, seen.Height, sample);

    static string? Outside(string what, double left, double top, double width, double height, Sample sample)
    {
        bool isInside = left >= -OutsidePx && top >= -OutsidePx && width > 0 && height > 0
            && left + width <= sample.Width + OutsidePx && top + height <= sample.Height + OutsidePx
            // and something of it is left when the rounding is cut off
            && Math.Min(left + width, sample.Width) > Math.Max(left, 0)
            && Math.Min(top + height, sample.Height) > Math.Max(top, 0);
        return isInside
            ? null
            : $"{what} ({left}, {top}, {width} x {height}) leaves its image of {sample.Width}x{sample.Height}";
    }
}
