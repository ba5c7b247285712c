using System.Collections.Immutable;
using System.Numerics;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Runtime.Calibration;

/// <summary>What a calibration file says to the running appliance.</summary>
/// <param name="Stations">anchors with their places and delays; none where they were not surveyed</param>
/// <param name="Laws">how each scanner hears; none where nobody walked</param>
/// <param name="Clock">the radio's clock against the camera's; null where it was not worked out</param>
/// <param name="HasCamera">whether the file serves as the camera's geometry too</param>
sealed record SiteCalibration(
    ImmutableArray<Station> Stations, ImmutableArray<PathLoss> Laws, ClockPrior? Clock, bool HasCamera)
{
    public static readonly SiteCalibration None = new([], [], null, false);

    /// <summary>Reads what is there; a part that is not is left as the registry and the settings say.</summary>
    /// <exception cref="InvalidDataException">one line a fault, each with its key's path</exception>
    public static SiteCalibration Load(string path)
    {
        // All parts by the file's own rules first: dates, residuals, names of parts.
        if (CalibrationFile.TryLoad(path, out var faults) is null)
            throw new InvalidDataException(string.Join('\n', faults));
        return JsonFields.Read(path, Read, out var told)
            ?? throw new InvalidDataException(string.Join('\n', told.Select(fault => $"{path}: {fault}")));
    }

    static SiteCalibration Read(JsonFields root)
    {
        var parts = root.Object("parts");
        JsonFields? Of(string part) => parts.Has(part) ? parts.Object(part).Object("values") : null;
        return new SiteCalibration(
            Of("anchors") is { } anchors ? StationsOf(anchors) : [],
            Of("pathLoss") is { } powers ? LawsOf(powers) : [],
            Of("clock") is { } clock ? ClockOf(clock) : null,
            parts.Has("camera"));
    }

    static ImmutableArray<Station> StationsOf(JsonFields values)
    {
        const double FarM = 1e5, DelayMostM = 100;
        var stations = ImmutableArray.CreateBuilder<Station>();
        foreach (var row in values.Objects("stations", isOptional: false))
        {
            var at = new Vector3(Metres("xM"), Metres("yM"), Metres("zM"));
            stations.Add(new Station(row.Text("id"), at) { DelayM = row.Number("delayM", -DelayMostM, DelayMostM, 0) });

            float Metres(string key) => (float)row.Number(key, -FarM, FarM);
        }

        return stations.DrainToImmutable();
    }

    static ImmutableArray<PathLoss> LawsOf(JsonFields values)
    {
        var laws = ImmutableArray.CreateBuilder<PathLoss>();
        foreach (var row in values.Objects("scanners", isOptional: false))
        {
            laws.Add(new PathLoss(
                row.Text("id"), row.Number("atOneMetreDbm", -150, 50), row.Number("exponent", 0.1, 10),
                row.Number("sigmaDb", 0.1, 50)));
        }

        return laws.DrainToImmutable();
    }

    static ClockPrior ClockOf(JsonFields values) =>
        new(values.Number("radioToCameraS", -60, 60), values.Number("sigmaS", 0, 10));
}
