using System.Numerics;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>Which model a number goes to.</summary>
static class MeasurementModels
{
    /// <summary>What a number should be with the tag at a place, and how that changes with the state.</summary>
    /// <returns>false where the model has nothing to say</returns>
    public static bool TryAt(
        in Clue clue, Vector3 tagM, double afterS, out double expected, out Slope slope)
    {
        switch (clue.Kind)
        {
            case ClueKind.Range:
                RangeModel.At(clue, tagM, afterS, out expected, out slope);
                return true;
            case ClueKind.RangeDifference:
                RangeDifferenceModel.At(clue, tagM, afterS, out expected, out slope);
                return true;
            case ClueKind.Azimuth:
                return AngleModel.TryAzimuth(clue, tagM, afterS, out expected, out slope);
            case ClueKind.Elevation:
                return AngleModel.TryElevation(clue, tagM, afterS, out expected, out slope);
            default:
                PlaceModel.At(clue.Kind - ClueKind.PlaceX, clue, tagM, afterS, out expected, out slope);
                return true;
        }
    }
}
