using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Runtime.Localization;

/// <summary>Takes a reading apart into numbers.</summary>
static class ClueParts
{
    /// <param name="slots">where the stations' errors are kept; of a position the first of three, one an axis</param>
    public static void Of(
        in Observation reading, Station? station, Station? other, (int? Slot, int? Other) slots,
        RadioSettings settings, List<Clue> into)
    {
        double variance = VarianceOf(reading, settings);
        var from = station?.PositionM ?? reading.PositionM;
        var clue = new Clue(
            reading.At, ClueKind.Range, ValueOf(reading, station), variance, from, station?.YawRad ?? 0,
            other?.PositionM ?? default, slots.Slot, slots.Other);
        switch (reading.Kind)
        {
            case ObservationKind.Range:
                into.Add(clue);
                break;
            case ObservationKind.RangeDifference:
                into.Add(clue with { Kind = ClueKind.RangeDifference });
                break;
            case ObservationKind.Angle:
                into.Add(clue with { Kind = ClueKind.Azimuth });
                if (reading.ElevationRad is { } up)
                    into.Add(clue with { Kind = ClueKind.Elevation, Value = up });
                break;
            default:
                // The other half of it stays for a while: a state of the filter (MotionModel.PlaceSigmaM).
                var place = clue with { Variance = slots.Slot is null ? variance : variance / 2 };
                for (int axis = 0; axis < 3; axis++)
                {
                    into.Add(place with
                    {
                        Kind = ClueKind.PlaceX + axis,
                        Value = from[axis],
                        Slot = slots.Slot + axis,
                    });
                }

                break;
        }
    }

    /// <summary>The same for finding a first place: errors that stay are noise.</summary>
    public static void ToStart(
        in Observation reading, Station? station, Station? other, RadioSettings settings, MotionModel model,
        List<Clue> into)
    {
        int before = into.Count;
        Of(reading, station, other, (null, null), settings, into);
        for (int i = before; i < into.Count; i++)
        {
            var clue = into[i];
            if (clue.Kind == ClueKind.Range)
                clue = clue with { Variance = clue.Variance + Stays(model.PathSigmaM) + Square(model.DelaySigmaM) };
            else if (clue.Kind == ClueKind.RangeDifference)
                clue = clue with { Variance = clue.Variance + (2 * Stays(model.ArrivalSigmaM)) };
            into[i] = clue;
        }

        double Stays(double pathSigmaM) => Square(model.StationSigmaM) + Square(pathSigmaM);
    }

    /// <summary>As the module states it, or by the settings.</summary>
    public static double VarianceOf(in Observation reading, RadioSettings settings)
    {
        bool isAngle = reading.Kind == ObservationKind.Angle;
        // A module's own figure is believed down to 3 cm or half a degree: below that geometry and bodies are the
        // error.
        double least = isAngle ? 7.6e-5 : 9e-4;
        if (reading.Variance is { } stated && stated > 0 && double.IsFinite(stated)) return Math.Max(least, stated);
        double sigma = reading.Kind switch
        {
            ObservationKind.Range => settings.RangeSigmaM,
            ObservationKind.RangeDifference => settings.RangeDifferenceSigmaM,
            ObservationKind.Angle => settings.AngleSigmaDegrees * Math.PI / 180,
            _ => settings.PositionSigmaM,
        };
        return Square(sigma);
    }

    static double ValueOf(in Observation reading, Station? station) =>
        reading.Kind == ObservationKind.Range && station is { } from ? reading.Value - from.DelayM : reading.Value;

    static double Square(double value) => value * value;
}
