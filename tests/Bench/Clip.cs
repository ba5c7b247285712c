using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Memory;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Bench;

/// <summary>A recorded video as seconds of ten frames, as OneAdapt cuts them.</summary>
sealed record Clip(string Name, string File)
{
    /// <summary>Frames of a second.</summary>
    public const int Rate = 10;

    /// <summary>Shorter clips are shown twice.</summary>
    const double ShortS = 5;

    static readonly string[] Folders = ["videos_fixed", "towncentre", "videos_moving"];

    static readonly string[] Kinds = [".mp4", ".avi", ".mkv", ".mov"];

    /// <summary>The videos of a folder's usual subfolders.</summary>
    public static IReadOnlyList<Clip> In(string data) =>
        [.. Folders.Select(f => Path.Combine(data, f)).Where(Directory.Exists)
            .SelectMany(f => Directory.GetFiles(f).Order(StringComparer.Ordinal))
            .Where(f => Kinds.Contains(Path.GetExtension(f)))
            .Select(f => new Clip(Path.GetFileNameWithoutExtension(f), f))];

    /// <summary>Shows each whole second, at most so many; the frames are the caller's during the call only.</summary>
    public void Show(FramePool pool, int secondsMax, Action<int, IReadOnlyList<Frame>> second)
    {
        int count = 0;
        double shownS = 0;
        for (int round = 0; round < 2 && count < secondsMax && (round == 0 || shownS < ShortS); round++)
            shownS = Once(pool, secondsMax, ref count, second);
    }

    /// <summary>The longer side of its frames, pixels.</summary>
    public int LongerSide()
    {
        int side = 0;
        using var pool = new FramePool(26, new FrameFormat(1920, 1088, ColourRange.Full, ColourMatrix.Bt601).Bytes);
        Show(pool, 1, (_, frames) => side = Math.Max(frames[0].Format.Width, frames[0].Format.Height));
        return side;
    }

    double Once(FramePool pool, int secondsMax, ref int count, Action<int, IReadOnlyList<Frame>> second)
    {
        using var camera = FfmpegCamera.Open("file:" + File, new CameraOptions(), NullLogger.Instance);
        List<Frame> frames = [];
        double nextS = 0, lastS = 0;
        while (count < secondsMax && camera.Next(pool, out var frame, CancellationToken.None) == Capture.Frame)
        {
            lastS = frame.StreamTime.TotalSeconds;
            // Half a millisecond: times of recordings are rounded.
            if (lastS < nextS - 0.0005)
            {
                frame.Dispose();
                continue;
            }

            nextS += 1.0 / Rate;
            frames.Add(frame);
            if (frames.Count < Rate) continue;
            second(count++, frames);
            Clear(frames);
        }

        Clear(frames);
        return lastS;
    }

    static void Clear(List<Frame> frames)
    {
        foreach (var each in frames) each.Dispose();
        frames.Clear();
    }
}
