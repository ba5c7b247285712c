using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Drivers.Twin;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Unit;

public sealed class TwinCameraTests
{
    const string Small = "size=320x180";

    [SkippableFact]
    public void A_frame_shows_the_world_at_its_stream_time()
    {
        using var camera = Open($"twin://yard?seed=2&pace=max&fps=10&quantiser=20&{Small}");
        using var pool = new FramePool(1, camera.Facts.Format.Bytes);
        byte[] drawn = new byte[camera.Facts.Format.Bytes];
        for (int i = 0; i < 60; i++)
        {
            Assert.Equal(Capture.Frame, camera.Next(pool, out var frame, CancellationToken.None));
            using (frame)
            {
                Assert.Equal(i, frame.Index);
                Assert.Equal(TimeSpan.FromMilliseconds(i * 100), frame.StreamTime);
                Assert.Equal(camera.Epoch + frame.StreamTime, frame.At);
                if (i < 50) continue;
                double same = Psnr(camera.World, frame, 0, drawn);
                Assert.True(same > 30, $"frame {i} is {same:F1} dB from the world at its time");
                foreach (int other in (int[])[-2, 2])
                {
                    double apart = Psnr(camera.World, frame, other * .1, drawn);
                    Assert.True(apart < same - 1.5,
                        $"frame {i}: {same:F1} dB at its time, {apart:F1} dB {other} frames away");
                }
            }
        }

        Assert.Equal(0, pool.Held);
        Assert.Equal(60, camera.Counts.Packets);
        Assert.Equal(0, camera.Counts.CorruptPackets);
    }

    [SkippableFact]
    public void A_paced_camera_gives_frames_when_they_are_due()
    {
        var epoch = MonoTime.Now;
        using var camera = Open($"twin://yard?fps=25&{Small}", epoch);
        using var pool = new FramePool(1, camera.Facts.Format.Bytes);
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(Capture.Frame, camera.Next(pool, out var frame, CancellationToken.None));
            Assert.True(MonoTime.Now >= frame.At, "a frame came before it was taken");
            frame.Dispose();
        }

        Assert.True(camera.Facts.IsLive);
        Assert.True((MonoTime.Now - epoch).TotalSeconds >= 9 / 25d);
        Assert.Equal(0, pool.Held);
    }

    [SkippableFact]
    public void A_length_ends_the_stream_and_a_full_pool_is_told()
    {
        using var camera = Open($"twin://yard-dusk?pace=max&seconds=.2&{Small}");
        using var pool = new FramePool(1, camera.Facts.Format.Bytes);
        Assert.Equal(Capture.Frame, camera.Next(pool, out var held, CancellationToken.None));
        Assert.Equal(Capture.PoolEmpty, camera.Next(pool, out _, CancellationToken.None));
        held.Dispose();
        for (int i = 2; i < 5; i++)
        {
            Assert.Equal(Capture.Frame, camera.Next(pool, out var frame, CancellationToken.None));
            Assert.Equal(i, frame.Index);
            frame.Dispose();
        }

        Assert.Equal(Capture.Ended, camera.Next(pool, out _, CancellationToken.None));
        Assert.Equal(0, pool.Held);
    }

    [SkippableFact]
    public void Stopping_ends_the_wait_for_a_frame()
    {
        using var camera = Open($"twin://yard?fps=1&{Small}", MonoTime.Now + TimeSpan.FromSeconds(60));
        using var pool = new FramePool(1, camera.Facts.Format.Bytes);
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(30));
        Assert.Throws<OperationCanceledException>(() => camera.Next(pool, out _, stop.Token));
        Assert.Equal(0, pool.Held);
    }

    [Theory]
    [InlineData("twin://moon", "yard")]
    [InlineData("twin://yard?speed=2", "speed")]
    [InlineData("twin://yard?fps=0", "fps")]
    [InlineData("twin://yard?size=31x20", "size")]
    [InlineData("twin://yard?pace=slow", "pace")]
    public void An_address_is_refused_with_the_part_that_is_wrong(string uri, string part)
    {
        var fault = Assert.Throws<DeviceException>(() => TwinAddress.Parse(uri));
        Assert.Contains(part, fault.Message, StringComparison.Ordinal);
        Assert.True(fault.IsFinal);
    }

    static TwinCamera Open(string uri, MonoTime? epoch = null)
    {
        try
        {
            return TwinCamera.Open(uri, new CameraOptions { Epoch = epoch ?? MonoTime.Now }, NullLogger.Instance);
        }
        catch (DllNotFoundException fault)
        {
            throw new SkipException($"needs libav: {fault.Message}");
        }
    }

    static double Psnr(TwinWorld world, in Frame frame, double later, byte[] drawn)
    {
        var (luma, chroma) = (world.Format.LumaBytes, world.Format.ChromaBytes);
        world.Render(frame.StreamTime + TimeSpan.FromSeconds(later),
            drawn.AsSpan(0, luma), drawn.AsSpan(luma, chroma), drawn.AsSpan(luma + chroma));
        double squares = 0;
        for (int i = 0; i < luma; i++) squares += Math.Pow(frame.Luma[i] - drawn[i], 2);
        return 10 * Math.Log10(255d * 255 * luma / squares);
    }
}
