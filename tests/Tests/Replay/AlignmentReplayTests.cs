using EdgeAppliance.Bench;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Tests.Replay;

/// <summary>A marker and a radio on one target before a camera; a module's positions against motion capture.</summary>
public sealed class AlignmentReplayTests
{
    [SkippableTheory]
    [InlineData("run2")]
    [InlineData("run3")]
    [InlineData("run6")]
    public void Camera_and_radio_of_one_target_are_put_on_each_other(string run)
    {
        var camera = Recording.Read(
            SharedData.Path("camera_uwb_ait", run + "_camera.csv"), ',', 0, (1, 2, 3), 1e-3, out _);
        var radio = Recording.Read(
            SharedData.Path("camera_uwb_ait", run + "_uwb.csv"), ',', 0, (1, 2, 3), 1e-3, out _);
        var doubt = ClockOffset.TryEstimate([.. radio], [.. camera], new OffsetRules(), 0, out var found);
        Assert.Equal(OffsetDoubt.None, doubt);
        Assert.InRange(found!.Alignment.Residual, 0.01, 0.08);
        // Both count in metres, each by its own calibration.
        Assert.InRange(found.Alignment.Scale, 0.9, 1.1);
    }

    [SkippableFact]
    public void Camera_and_radio_of_different_runs_are_not()
    {
        var camera = Recording.Read(
            SharedData.Path("camera_uwb_ait", "run3_camera.csv"), ',', 0, (1, 2, 3), 1e-3, out _);
        var radio = Recording.Read(
            SharedData.Path("camera_uwb_ait", "run6_uwb.csv"), ',', 0, (1, 2, 3), 1e-3, out _);
        Assert.NotEqual(
            OffsetDoubt.None, ClockOffset.TryEstimate([.. radio], [.. camera], new OffsetRules(), 0, out var found));
        Assert.Null(found);
    }

    [SkippableFact]
    public void A_flights_positions_come_nearer_to_its_truth()
    {
        string truthPath = SharedData.Path("uwb_dwm1001_drone", "corners_tag1_flight01_mocap.csv");
        var truth = Recording.WithoutGlitches(Recording.Read(truthPath, ',', 0, (1, 2, 3), 1, out _));
        var fixes = Recording.Read(SharedData.Path("uwb_dwm1001_drone", "corners_tag1_flight01_tag_D3B8.csv"), ',', 0,
            (1, 2, 3), 1, out int unread);
        Assert.Equal(20, unread);
        var (raw, settled, _) = Dwm1001Bench.Filter(fixes);
        Assert.True(settled.Length > 1700);
        Assert.True(Error(settled, truth) < 0.4 * Error(raw, truth), $"{Error(settled, truth)} {Error(raw, truth)}");
    }

    static double Error(TimedPlace[] places, TimedPlace[] truth)
    {
        int at = 1, count = 0;
        double sum = 0;
        foreach (var place in places)
        {
            if (TimedPlaces.At(truth, place.AtS, 0.3, ref at) is not { } real) continue;
            sum += Math.Pow(Recording.Flat(place.Place - real), 2);
            count++;
        }

        return Math.Sqrt(sum / count);
    }
}
