using System.CommandLine;
using System.Text.Json.Nodes;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Runtime.Calibration;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>
/// <c>calibrate pathloss</c> and <c>calibrate fingerprints</c>: how scanners hear a tag whose places are known.
/// </summary>
static class CalibratePower
{
    sealed class Words
    {
        public Option<string?> Run { get; } = new("--run")
        {
            Description = "folder of a run (--out) with powers.csv and fixes.csv",
        };

        public Option<string?> Powers { get; } = new("--powers") { Description = "CSV t_s,scanner,tag,rssi_dbm" };

        public Option<string?> Places { get; } = new("--places")
        {
            Description = "CSV t_s,tag,x_m,y_m: where the tag truly was",
        };

        public Option<double> Height { get; } = new("--height")
        {
            Description = "of the tag over the floor, metres",
            DefaultValueFactory = _ => 1,
        };

        public void AddTo(Command command)
        {
            foreach (Option option in new Option[] { Run, Powers, Places, Height }) command.Add(option);
            command.Validators.Add(words =>
            {
                if (words.GetValue(Run) is null && (words.GetValue(Powers) is null || words.GetValue(Places) is null))
                    words.AddError("say what to work with: --run FOLDER, or --powers CSV and --places CSV");
            });
        }

        public (string Powers, string Places) Files(ParseResult words)
        {
            string folder = words.GetValue(Run) ?? "";
            return (words.GetValue(Powers) ?? Path.Combine(folder, "powers.csv"),
                words.GetValue(Places) ?? Path.Combine(folder, "fixes.csv"));
        }

        public List<HeardPower> Read(ParseResult words, List<string> faults)
        {
            var (powers, places) = Files(words);
            var walk = new WalkTables([], CalibrationTables.Places(places, faults));
            return PowerTables.Read(powers, walk, words.GetValue(Height), faults);
        }
    }

    public static Command PathLoss(TextWriter output)
    {
        var command = new Command("pathloss", "Fits how power falls with distance, scanner by scanner.");
        var own = new Words();
        own.AddTo(command);
        var registry = new Option<string>("--registry")
        {
            Description = "the tag registry with where the scanners stand",
            Required = true,
        };
        command.Add(registry);
        var shared = new CalibrationWords();
        shared.AddTo(command);
        command.SetAction(words =>
        {
            var faults = new List<string>();
            var stations = TagRegistry.TryLoad(words.GetValue(registry)!, out var found)?.Stations ?? [];
            faults.AddRange(found);
            var heard = own.Read(words, faults);
            var calibration = shared.Open(words, faults);
            CalibrationWords.Tell(faults);
            var fits = PathLossFit.Fit(heard, stations);
            if (fits.IsEmpty)
            {
                throw new InvalidDataException("no scanner that the registry places was heard "
                    + $"{PathLossFit.ReadingsMin} times: walk longer, or name the stations as the powers do");
            }

            Write(fits, output);
            var (powers, places) = own.Files(words);
            shared.Save(words, calibration, "pathLoss", [powers, places, words.GetValue(registry)!],
                Figures(fits, heard, stations), Values(fits), output);
            if (shared.Plot(words) is { } plot) Draw(heard, fits, stations, plot);
            return ExitStatus.Ok;
        });
        return command;
    }

    public static Command Fingerprints(TextWriter output)
    {
        var command = new Command("fingerprints", "Writes what scanners hear, square by square of a walk.");
        var own = new Words();
        own.AddTo(command);
        var map = new Option<string>("--map") { Description = "the map to write", Required = true };
        var square = new Option<double>("--square")
        {
            Description = "width of a square, metres",
            DefaultValueFactory = _ => 0.5,
        };
        command.Add(map);
        command.Add(square);
        command.SetAction(words =>
        {
            var faults = new List<string>();
            var heard = own.Read(words, faults);
            double squareM = words.GetValue(square);
            if (squareM is not (>= 0.1 and <= 20))
                faults.Add(FormattableString.Invariant($"--square is {squareM}: 0.1 to 20"));
            CalibrationWords.Tell(faults);
            var built = FingerprintMap.Build(heard, squareM);
            string path = words.GetValue(map)!;
            if (File.Exists(path)) File.Copy(path, path + ".1", overwrite: true);
            built.Save(path);
            int places = built.Fingerprints.Select(one => one.AtM).Distinct().Count();
            output.WriteLine(
                $"{heard.Count} readings at {places} places, {built.Fingerprints.Length} histograms: {path}");
            return ExitStatus.Ok;
        });
        return command;
    }

    static void Write(IReadOnlyList<ScannerFit> fits, TextWriter output)
    {
        var table = new Table();
        foreach (var fit in fits)
        {
            string power = Table.Invariant($"{fit.Law.AtOneMetreDbm:F1} +- {fit.InterceptError:F1} dBm at 1 m");
            string exponent = Table.Invariant($"exponent {fit.Law.Exponent:F2} +- {fit.ExponentError:F2}");
            table.Add(fit.Law.Scanner,
                $"{power}, {exponent}, {fit.Law.SigmaDb:F1} dB left over, {fit.Readings} readings");
        }

        table.Write(output);
    }

    static IEnumerable<(string, double)> Figures(
        IReadOnlyList<ScannerFit> fits, List<HeardPower> heard, IReadOnlyList<Station> stations)
    {
        double[] left = [.. Left(heard, fits, stations).Select(row => row.LeftDb)];
        return [("rmsDb", Math.Sqrt(left.Average(db => db * db))), ("readings", left.Length), ("scanners", fits.Count)];
    }

    static IEnumerable<(HeardPower Heard, double LeftDb)> Left(
        List<HeardPower> heard, IReadOnlyList<ScannerFit> fits, IReadOnlyList<Station> stations)
    {
        var laws = fits.ToDictionary(fit => fit.Law.Scanner, fit => fit.Law, StringComparer.Ordinal);
        var places = stations.ToDictionary(at => at.Id, at => at.PositionM, StringComparer.Ordinal);
        foreach (var one in heard)
        {
            if (!laws.TryGetValue(one.Scanner, out var law)) continue;
            yield return (one, one.Dbm - law.PowerDbm(System.Numerics.Vector3.Distance(one.AtM, places[one.Scanner])));
        }
    }

    static void Draw(
        List<HeardPower> heard, IReadOnlyList<ScannerFit> fits, IReadOnlyList<Station> stations, string plot) =>
        ResidualPlot.Write(plot, "path loss: power left over at the walk's places (up: stronger)", "metres and dB",
            [.. Left(heard, fits, stations).Select(row => ((double)row.Heard.AtM.X, (double)row.Heard.AtM.Y, 0.0,
                row.LeftDb))],
            [.. stations.Select(at => (at.Id, (double)at.PositionM.X, (double)at.PositionM.Y))], isUpward: true, 0.1);

    static JsonObject Values(IReadOnlyList<ScannerFit> fits)
    {
        var scanners = new JsonArray();
        foreach (var fit in fits)
        {
            scanners.Add((JsonNode)new JsonObject
            {
                ["id"] = fit.Law.Scanner,
                ["atOneMetreDbm"] = Math.Round(fit.Law.AtOneMetreDbm, 3),
                ["exponent"] = Math.Round(fit.Law.Exponent, 4),
                ["sigmaDb"] = Math.Round(fit.Law.SigmaDb, 3),
                ["readings"] = fit.Readings,
            });
        }

        return new JsonObject { ["scanners"] = scanners };
    }
}
