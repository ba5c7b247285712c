using System.Globalization;
using System.Numerics;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;
using Xunit.Abstractions;

namespace EdgeAppliance.Tests.Replay;

/// <summary>
/// Real walks in a real street: boxes and places of the TownCentre truth, tags simulated on some of the people.
/// </summary>
public sealed class AssociationReplayTests(ITestOutputHelper output)
{
    const int FramesPerSecond = 25, Every = 3, People = 4;

    [SkippableFact]
    public void Four_tagged_people_in_a_busy_street_are_told_apart()
    {
        var camera = Calibration(SharedData.Path("towncentre", "TownCentre-calibration.ci"));
        var all = Read(SharedData.Path("towncentre", "TownCentre-groundtruth.top"));
        var sum = new Associated(0, 0, 0);
        // Four tags among all who walk there (about 16 at once): runs of a minute, other people tagged in each.
        for (int run = 0; run < 4; run++)
        {
            int begin = run * 25 * 25;
            var tagged = all.Where(b => b.Frame >= begin && b.Frame < begin + (30 * 25)).GroupBy(b => b.Id)
                .OrderByDescending(g => g.Count()).ThenBy(g => g.Key).Take(People).Select(g => g.Key).ToHashSet();
            var one = Crowd.Run(Frames(all, camera, begin, 60 * 25, run), camera, new FusionSettings(),
                who => tagged.Contains(who) ? $"T{who}" : null, new WornTags(run));
            output.WriteLine($"run {run}: {one}");
            sum = new Associated(sum.Right + one.Right, sum.Wrong + one.Wrong, sum.Owed + one.Owed);
        }

        output.WriteLine(sum.ToString());
        Assert.True(sum.Precision >= 0.985, sum.ToString());
        Assert.True(sum.Recall >= 0.5, sum.ToString());
    }

    [SkippableFact]
    public void The_calibration_makes_people_of_human_height_speed_and_place()
    {
        var camera = Calibration(SharedData.Path("towncentre", "TownCentre-calibration.ci"));
        var speeds = new List<double>();
        foreach (var walk in Read(SharedData.Path("towncentre", "TownCentre-groundtruth.top")).GroupBy(b => b.Id))
        {
            var steps = walk.OrderBy(b => b.Frame).ToList();
            for (int i = 0; i + FramesPerSecond < steps.Count; i += FramesPerSecond)
            {
                if (steps[i + FramesPerSecond].Frame - steps[i].Frame != FramesPerSecond) continue;
                var from = camera.GroundAt(steps[i].Box.Foot, Vector2.One);
                var to = camera.GroundAt(steps[i + FramesPerSecond].Box.Foot, Vector2.One);
                if (from is { } a && to is { } b) speeds.Add(Vector2.Distance(a.AtM, b.AtM));
            }
        }

        speeds.Sort();
        output.WriteLine($"median {speeds[speeds.Count / 2]:F2} m/s over {speeds.Count} seconds of walking");
        Assert.InRange(speeds[speeds.Count / 2], 0.8, 1.8);
    }

    static IEnumerable<(double T, List<Seen> People)> Frames(
        List<MotBox> all, CameraGeometry camera, int begin, int count, int seed)
    {
        var random = new Random(seed);
        foreach (var frame in all.Where(b => b.Frame >= begin && b.Frame < begin + count && b.Frame % Every == 0)
            .GroupBy(b => b.Frame).OrderBy(g => g.Key))
        {
            var people = new List<Seen>();
            foreach (var (_, id, box) in frame)
            {
                if (camera.GroundAt(box.Foot, Vector2.One) is not { } ground) continue;
                float Off(float size) => 0.03f * size * (float)Noise.Gauss(random);
                var shaken = new Box(box.Left + Off(box.Width), box.Top + Off(box.Height),
                    box.Right + Off(box.Width), box.Bottom + Off(box.Height));
                people.Add(new Seen(id, shaken, ground.AtM, random.NextDouble() >= 0.1));
            }

            yield return ((frame.Key - begin) / (double)FramesPerSecond, people);
        }
    }

    static List<MotBox> Read(string path)
    {
        var boxes = new List<MotBox>();
        foreach (string line in File.ReadLines(path))
        {
            string[] cells = line.Split(',');
            if (cells.Length < 12 || cells[3] != "1") continue;
            // The publisher's file is cut in the middle of its last line.
            if (!float.TryParse(cells[11], CultureInfo.InvariantCulture, out float bottom)) continue;
            float[] n = [.. cells[8..11].Select(cell => float.Parse(cell, CultureInfo.InvariantCulture))];
            boxes.Add(new MotBox(int.Parse(cells[1], CultureInfo.InvariantCulture),
                int.Parse(cells[0], CultureInfo.InvariantCulture), new Box(n[0], n[1], n[2], bottom)));
        }

        return boxes;
    }

    static PinholeGeometry Calibration(string path)
    {
        var v = File.ReadLines(path).Select(line => line.Split('=')).Where(pair => pair.Length == 2).ToDictionary(
            pair => pair[0].Trim(), pair => double.Parse(pair[1], CultureInfo.InvariantCulture));
        double x = v["RotationX"], y = v["RotationY"], z = v["RotationZ"], w = v["RotationW"];
        double[] rotation =
        [
            1 - (2 * ((y * y) + (z * z))), 2 * ((x * y) - (z * w)), 2 * ((x * z) + (y * w)),
            2 * ((x * y) + (z * w)), 1 - (2 * ((x * x) + (z * z))), 2 * ((y * z) - (x * w)),
            2 * ((x * z) - (y * w)), 2 * ((y * z) + (x * w)), 1 - (2 * ((x * x) + (y * y))),
        ];
        double[] translation = [v["TranslationX"], v["TranslationY"], v["TranslationZ"]];
        if (PinholeGeometry.HeightM(rotation, translation) < 0)
        {
            // Its z points down: half a turn about x.
            foreach (int i in new[] { 1, 2, 4, 5, 7, 8 }) rotation[i] = -rotation[i];
        }

        var lens = new Lens(v["FocalLengthX"], v["FocalLengthY"], v["PrincipalPointX"], v["PrincipalPointY"],
            [v["DistortionK1"], v["DistortionK2"], v["DistortionP1"], v["DistortionP2"], 0]);
        return new PinholeGeometry("towncentre", 1920, 1080, lens, rotation, translation);
    }
}
