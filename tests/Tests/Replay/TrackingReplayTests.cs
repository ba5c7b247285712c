using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Runtime.Tracking;
using EdgeAppliance.Tests.Unit;

namespace EdgeAppliance.Tests.Replay;

public sealed class TrackingReplayTests
{
    // Counted by TrackEval for the publisher's own tracker: hits, misses, false alarms, switches; IDTP, IDFN, IDFP.
    [SkippableTheory]
    [InlineData("01", 315, 172, 32, 9, 224, 263, 123)]
    [InlineData("03", 250, 81, 46, 9, 229, 102, 67)]
    [InlineData("05", 251, 58, 22, 22, 229, 80, 44)]
    [InlineData("07", 358, 29, 270, 21, 260, 127, 368)]
    [InlineData("08", 418, 87, 124, 47, 343, 162, 199)]
    [InlineData("12", 177, 19, 21, 1, 176, 20, 22)]
    [InlineData("17", 479, 170, 69, 54, 289, 360, 259)]
    [InlineData("20", 497, 165, 601, 49, 284, 378, 814)]
    public void The_score_counts_as_TrackEval_does(
        string sequence, int hits, int misses, int falseAlarms, int switches, int idHits, int idMisses,
            int idFalseAlarms)
    {
        string folder = SharedData.Path("mot_metrics", "wideview");
        var score = MotScore.Of(
            MotScore.Read(Path.Combine(folder, $"seq{sequence}_gt.txt")),
            MotScore.Read(Path.Combine(folder, $"seq{sequence}_tracker.txt")));
        Assert.Equal(new MotScore(hits, misses, falseAlarms, switches, idHits, idMisses, idFalseAlarms), score);
    }

    [SkippableFact]
    public void A_street_of_noisy_detections_is_tracked()
    {
        var truth = MotScore.Read(SharedData.Path("towncentre", "gt_excerpt_mot.csv"));
        var score = MotScore.Of(truth, Track(truth, missed: 0.1, weak: 0.15, falseAlarms: 1, seed: 5));
        // With detections as bad as these a perfect identity cannot pass 0.95: a tenth of the boxes is missing.
        Assert.True(score.Idf1 >= 0.85, $"IDF1 {score.Idf1:F3}, {score}");
        Assert.True(score.Mota >= 0.8, $"MOTA {score.Mota:F3}, {score}");
    }

    [SkippableFact]
    public void Half_the_frame_rate_costs_little()
    {
        var truth = MotScore.Read(SharedData.Path("towncentre", "gt_excerpt_mot.csv"))
            .Where(b => b.Frame % 3 == 0).ToList();
        var score = MotScore.Of(truth, Track(truth, missed: 0.1, weak: 0.15, falseAlarms: 1, seed: 6));
        Assert.True(score.Idf1 >= 0.8, $"IDF1 {score.Idf1:F3}, {score}");
    }

    static List<MotBox> Track(List<MotBox> truth, double missed, double weak, double falseAlarms, int seed)
    {
        var random = new Random(seed);
        using var frames = new SceneFrames(1920, 1080);
        var tracker = new Tracker(new TrackingSettings());
        var found = new List<MotBox>();
        foreach (var frame in truth.GroupBy(b => b.Frame).OrderBy(g => g.Key))
        {
            var seen = new List<Detection>();
            foreach (var box in frame)
            {
                if (random.NextDouble() < missed) continue;
                float score = random.NextDouble() < weak
                    ? 0.15f + (0.3f * random.NextSingle())
                    : 0.65f + (0.3f * random.NextSingle());
                seen.Add(new Detection(Shaken(random, box.Box), 0, score));
            }

            for (double left = falseAlarms; random.NextDouble() < left; left--)
            {
                float x = 1800 * random.NextSingle(), y = 900 * random.NextSingle();
                seen.Add(new Detection(new Box(x, y, x + 60, y + 150), 0, 0.3f + (0.4f * random.NextSingle())));
            }

            foreach (var track in frames.Track(tracker, frame.Key / 25.0, [.. seen]))
            {
                if (track.Measured is not null) found.Add(new MotBox(frame.Key, track.Id, track.Box));
            }
        }

        return found;
    }

    // Edges off by 3 % of the box's size.
    static Box Shaken(Random random, in Box box)
    {
        float Off(float size) => 0.03f * size * (float)Noise.Gauss(random);
        return new Box(box.Left + Off(box.Width), box.Top + Off(box.Height),
            box.Right + Off(box.Width), box.Bottom + Off(box.Height));
    }
}
