using System.Globalization;
using System.Text.Json;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>What the data set's COCO file says, read as a trainer reads it.</summary>
/// <param name="Outside">boxes that are empty or leave their image</param>
sealed record CocoCheck(int Images, int Boxes, int Outside)
{
    /// <summary>Null when there is none.</summary>
    /// <exception cref="InvalidDataException">it is no COCO file</exception>
    public static CocoCheck? Read(string dataset)
    {
        string path = Path.Combine(dataset, "annotations.json");
        if (!File.Exists(path)) return null;
        try
        {
            using var coco = JsonDocument.Parse(File.ReadAllBytes(path));
            var sizes = coco.RootElement.GetProperty("images").EnumerateArray().ToDictionary(
                image => image.GetProperty("id").GetInt64(),
                image => (W: image.GetProperty("width").GetDouble(), H: image.GetProperty("height").GetDouble()));
            var boxes = coco.RootElement.GetProperty("annotations").EnumerateArray().ToList();
            int outside = boxes.Count(box => !IsInside(
                [.. box.GetProperty("bbox").EnumerateArray().Select(side => side.GetDouble())],
                sizes[box.GetProperty("image_id").GetInt64()]));
            return new CocoCheck(sizes.Count, boxes.Count, outside);
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path}: {fault.Message}", fault);
        }
    }

    static bool IsInside(double[] box, (double W, double H) image) =>
        box.Length == 4 && box[0] >= 0 && box[1] >= 0 && box[2] > 0 && box[3] > 0
        && box[0] + box[2] <= image.W && box[1] + box[3] <= image.H;
}

/// <summary>A finished demo.</summary>
/// <param name="DataSet">images by the endpoint's own count; null: it has no data set</param>
sealed record DemoResult(Summary Run, LabelScore Score, long? DataSet, CocoCheck? Coco)
{
    public void Write(string folder, TextWriter to)
    {
        Summaries.Write(Run, folder, to);
        new Table()
            .Add("label precision", $"{Share(Score.Precision)} ({Score.Right} of {Score.Judged} labels)")
            .Add("label recall", $"{Share(Score.Recall)} ({Score.Labelled} of {Score.Due} due, after the warm-up)")
            .Add("  warm-up counted", $"{Share(Score.RecallEver)} ({Score.LabelledEver} of {Score.DueEver})")
            .Add("samples",
                $"{Run.Stored} spooled, {Run.Acknowledged ?? 0} acknowledged, {Count(DataSet)} in the data set")
            .Add("COCO file",
                $"{Count(Coco?.Images)} images, {Count(Coco?.Boxes)} boxes, {Count(Coco?.Outside)} outside their image")
            .Write(to);
        to.WriteLine($"  ({DemoScore.Definition})");
    }

    /// <summary>Whether everything held that the demo is to show; says what did not.</summary>
    public bool IsGood(TextWriter to)
    {
        (bool Holds, string Otherwise)[] demands =
        [
            (Run.Acknowledged > 0, "no sample was acknowledged"),
            (Run.Acknowledged == Run.Stored, $"{Run.Stored - (Run.Acknowledged ?? 0)} samples have no receipt"),
            (DataSet == Run.Stored, $"the data set holds {Count(DataSet)} of {Run.Stored} samples"),
            (Run.Links.All(link => link.Balances), "a link does not balance"),
            (Run.FramesHeld == 0, $"{Run.FramesHeld} frames were not given back"),
            (Coco is { Outside: 0 }, "the COCO file is missing or has boxes outside their image"),
        ];
        foreach (var (holds, otherwise) in demands) if (!holds) to.WriteLine($"  NOT AS IT SHOULD BE: {otherwise}");
        return demands.All(demand => demand.Holds);
    }

    static string Share(double? share) => share?.ToString("F3", CultureInfo.InvariantCulture) ?? "none to judge";

    static string Count(long? count) => count?.ToString(CultureInfo.InvariantCulture) ?? "no";
}
