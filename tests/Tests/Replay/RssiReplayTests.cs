using EdgeAppliance.Bench;
using EdgeAppliance.Runtime.Localization;
using Xunit.Abstractions;

namespace EdgeAppliance.Tests.Replay;

/// <summary>
/// Real walks through an office, by survey and by law; the bounds are loose, the benchmark's are not.
/// </summary>
public sealed class RssiReplayTests(ITestOutputHelper output)
{
    [SkippableFact]
    public void A_survey_and_laws_place_real_walks()
    {
        string folder = SharedData.Path("ble_position_rssi");
        var office = BlePositionBench.Office.Load(folder);
        var field = RssiFingerprint.Field(office.Grid, BlePositionBench.Office.Survey(
            SharedData.Path("ble_position_rssi", "fingerprints_set_1_counts.csv")), office.Stations);
        var bySurvey = RssiScore.Sum(RssiScore.OfEach([.. office.Tracks.Take(2)], _ => field));
        var byLaw = RssiScore.Sum(RssiScore.OfEach(
            [.. office.Tracks.Take(2)], track => office.FieldByLaw(without: track)));
        double? survey = RssiScore.At(bySurvey.Errors, 0.5), law = RssiScore.At(byLaw.Errors, 0.5);
        output.WriteLine($"survey {survey:F2} m, laws {law:F2} m");
        output.WriteLine($"within 1 sigma {bySurvey.CoverX:F2} {bySurvey.CoverY:F2}");
        Assert.InRange(survey!.Value, 0.3, 1.5);
        Assert.InRange(law!.Value, 0.3, 2.5);
        Assert.InRange(bySurvey.CoverX!.Value, 0.45, 0.9);
        Assert.InRange(bySurvey.CoverY!.Value, 0.45, 0.9);
    }
}
