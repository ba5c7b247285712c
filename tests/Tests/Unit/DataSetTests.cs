using System.Text.Json;
using EdgeAppliance.CloudSync.Contract;
using EdgeAppliance.Retrain.Dataset;

namespace EdgeAppliance.Tests.Unit;

public sealed class DataSetTests : IDisposable
{
    readonly ScratchFolder _folder = new();
    readonly ListLog _log = new();
    readonly Random _random = new(11);

    string JournalPath => _folder.File(DataSetFolder.JournalName);

    [Fact]
    public void A_sample_enters_once_also_after_reopening()
    {
        var sample = Make();
        using (var set = Open()) Assert.Equal([Verdict.Stored, Verdict.Duplicate], set.Add([sample, sample]));
        using var again = Open();
        Assert.Equal([Verdict.Duplicate], again.Add([sample]));
        Assert.Equal(1, again.Images);
        Assert.Equal(sample.Image.ToArray(), File.ReadAllBytes(_folder.File($"images/{sample.Sample.Id}.jpg")));
    }

    [Fact]
    public void Wherever_the_journals_end_is_torn_the_whole_lines_stay_and_the_torn_sample_comes_again()
    {
        var (first, second) = (Make(), Make());
        long whole;
        using (var set = Open())
        {
            set.Add([first]);
            whole = new FileInfo(JournalPath).Length;
            set.Add([second]);
        }

        byte[] journal = File.ReadAllBytes(JournalPath);
        for (long cut = whole; cut < journal.Length; cut += 37)
        {
            File.WriteAllBytes(JournalPath, journal[..(int)cut]);
            using var set = Open();
            Assert.Equal(1, set.Images);
            Assert.Equal(whole, new FileInfo(JournalPath).Length);
            Assert.Equal([Verdict.Duplicate, Verdict.Stored], set.Add([first, second]));
        }

        Assert.True(_log.Has(6001));
    }

    [Fact]
    public void A_flipped_bit_in_the_journal_costs_one_line_and_is_told()
    {
        var samples = Enumerable.Range(0, 3).Select(_ => Make()).ToList();
        using (var set = Open()) set.Add(samples);
        byte[] journal = File.ReadAllBytes(JournalPath);
        journal[journal.Length / 2] ^= 4;
        File.WriteAllBytes(JournalPath, journal);
        using var again = Open();
        Assert.Equal(2, again.Images);
        Assert.True(_log.Has(6002));
    }

    [Fact]
    public void Images_without_a_journal_line_are_swept_and_strangers_left_alone()
    {
        using (var set = Open()) set.Add([Make()]);
        string orphan = _folder.File($"images/{SampleId.New()}.jpg");
        string half = _folder.File($"images/{SampleId.New()}.jpg.123.tmp");
        string stranger = _folder.File("images/readme.txt");
        foreach (string file in (string[])[orphan, half, stranger]) File.WriteAllText(file, "x");
        using var again = Open();
        Assert.Equal((false, false, true), (File.Exists(orphan), File.Exists(half), File.Exists(stranger)));
        Assert.Equal(1, again.Images);
    }

    [Fact]
    public void The_COCO_file_loads_every_box_lies_in_its_image_and_numbers_stay_when_the_set_grows()
    {
        using var set = Open();
        set.Add([.. Enumerable.Range(0, 20).Select(_ => Make())]);
        Assert.Equal(20, CocoFile.Write(_folder.Path));
        using var before = JsonDocument.Parse(File.ReadAllBytes(_folder.File("annotations.json")));
        set.Add([Make()]);
        CocoFile.Write(_folder.Path);
        using var after = JsonDocument.Parse(File.ReadAllBytes(_folder.File("annotations.json")));
        string First(JsonDocument coco) => string.Concat(
            coco.RootElement.GetProperty("images").EnumerateArray().Take(20).Select(image => image.GetRawText()));
        Assert.Equal(First(before), First(after));
        var stats = DataSetCounting.Count(_folder.Path);
        Assert.Equal(new CocoStats(21, 21, 0), stats.Coco);
        Assert.Equal((21, 21, 21, 0, 0),
            (stats.Images, stats.Annotations, stats.Detections, stats.ImagesMissing, stats.DamagedLines));
        // What only the detector says is in a file of its own.
        string categories = after.RootElement.GetProperty("categories").GetRawText();
        Assert.DoesNotContain("car", categories, StringComparison.Ordinal);
        Assert.Equal(21, File.ReadLines(_folder.File("detections.jsonl"))
            .Count(line => JsonDocument.Parse(line).RootElement.GetProperty("detections").GetArrayLength() == 1));
    }

    [Fact]
    public void A_box_that_left_its_image_by_a_rounding_is_written_inside()
    {
        var random = new Random(12);
        var (sample, _) = MadeUpSample.Make(random, "d", 500);
        for (int i = 0; i < 10_000; i++)
        {
            double left = (random.NextDouble() * 16) - 0.4, top = (random.NextDouble() * 16) - 0.4;
            var (x, y, w, h) = CocoFile.Inside(left, top, 16 - left + 1e-6, 16 - top + 0.4, sample);
            Assert.True(x >= 0 && y >= 0 && x + w <= 16 && y + h <= 16, $"{x} {y} {w} {h}");
        }
    }

    [Fact]
    public void Counting_sees_boxes_outside_and_missing_images()
    {
        using var set = Open();
        var sample = Make();
        set.Add([sample]);
        CocoFile.Write(_folder.Path);
        string coco = File.ReadAllText(_folder.File("annotations.json"));
        File.WriteAllText(_folder.File("annotations.json"),
            coco.Replace("\"width\":16", "\"width\":1", StringComparison.Ordinal));
        File.Delete(_folder.File($"images/{sample.Sample.Id}.jpg"));
        var stats = DataSetCounting.Count(_folder.Path);
        Assert.Equal((1L, 1L), (stats.Coco!.BoxesOutside, stats.ImagesMissing));
    }

    [Fact]
    public void A_second_writer_is_told()
    {
        using var set = Open();
        var fault = Assert.Throws<IOException>(Open);
        Assert.Contains("in use by another process", fault.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    CheckedSample Make()
    {
        var (sample, image) = MadeUpSample.Make(_random, "d", 500);
        return new CheckedSample(sample, image);
    }

    DataSetFolder Open() => DataSetFolder.Open(_folder.Path, _log);
}
