using System.Text.Json;
using EdgeAppliance.CloudSync.Contract;
using EdgeAppliance.CloudSync.Spool;

namespace EdgeAppliance.Retrain.Dataset;

/// <summary>
/// The COCO file of a data set, made from its journal in one go and put in place by a rename: it loads at any time.
/// Image, annotation and category numbers follow the journal's order, so they stay when the data set grows.
/// </summary>
static class CocoFile
{
    public const string AnnotationsName = "annotations.json";
    public const string DetectionsName = "detections.jsonl";

    /// <summary>Writes both files beside the journal: labels, and apart from them what only the detector
    /// says.</summary>
    /// <returns>images written</returns>
    public static long Write(string folder)
    {
        string journal = Path.Combine(folder, DataSetFolder.JournalName);
        // The labels' file names the images of the first pass; the journal may have grown by the second.
        long images = 0;
        Disk.Replace(Path.Combine(folder, AnnotationsName), stream => images = WriteLabels(journal, stream));
        Disk.Replace(Path.Combine(folder, DetectionsName), stream => WriteDetections(journal, stream, images));
        return images;
    }

    /// <summary>A box as it is written: whole inside its image, whatever rounding did on the way.</summary>
    public static (double Left, double Top, double Width, double Height) Inside(
        double left, double top, double width, double height, Sample sample)
    {
        double x = Math.Clamp(left, 0, sample.Width), y = Math.Clamp(top, 0, sample.Height);
        // x + w is what a reader computes: it must not round to a bit above the side.
        double w = Math.Min(left + width, sample.Width) - x, h = Math.Min(top + height, sample.Height) - y;
        if (x + w > sample.Width) w = Math.BitDecrement(w);
        if (y + h > sample.Height) h = Math.BitDecrement(h);
        return (x, y, Math.Max(0, w), Math.Max(0, h));
    }

    static long WriteLabels(string journal, Stream stream)
    {
        long images = 0, boxes = 0, seen = 0;
        var categories = new Dictionary<string, int>(StringComparer.Ordinal);
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WriteStartObject("info");
        json.WriteString("description", "labelled by tags: boxes by a detector, classes by tag positions");
        json.WriteString("version", "1");
        json.WriteString("date_created", DateTimeOffset.UtcNow);
        json.WriteEndObject();
        json.WriteStartArray("licenses");
        json.WriteEndArray();
        json.WriteStartArray("images");
        Journal.Read(journal, entry => WriteImage(json, ++images, entry));
        json.WriteEndArray();
        json.WriteStartArray("annotations");
        Journal.Read(journal, entry =>
        {
            if (++seen > images) return;
            foreach (var box in entry.Sample.Boxes)
            {
                if (!categories.TryGetValue(box.Class, out int category))
                    categories[box.Class] = category = categories.Count + 1;
                WriteBox(json, ++boxes, seen, category, box, entry.Sample);
            }

            if (json.BytesPending > 1 << 16) json.Flush();
        });
        json.WriteEndArray();
        json.WriteStartArray("categories");
        foreach (var (name, id) in categories.OrderBy(category => category.Value))
        {
            json.WriteStartObject();
            json.WriteNumber("id", id);
            json.WriteString("name", name);
            json.WriteString("supercategory", "tagged");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return images;
    }

    static void WriteImage(Utf8JsonWriter json, long number, JournalEntry entry)
    {
        var sample = entry.Sample;
        json.WriteStartObject();
        json.WriteNumber("id", number);
        json.WriteString("file_name", $"{DataSetFolder.ImagesFolder}/{sample.Id}.jpg");
        json.WriteNumber("width", sample.Width);
        json.WriteNumber("height", sample.Height);
        json.WriteString("date_captured", sample.StoredAt);
        json.WriteString("sample", sample.Id.ToString());
        json.WriteString("device", sample.Device);
        json.WriteString("camera", sample.Camera);
        json.WriteNumber("frame_index", sample.FrameIndex);
        json.WriteString("model", sample.Model);
        json.WriteString("calibration", sample.Calibration);
        json.WriteString("reason", sample.Reason);
        json.WriteNumber("worth", sample.Worth);
        json.WriteString("clock_trust", sample.ClockTrust.ToString());
        json.WriteEndObject();
        if (json.BytesPending > 1 << 16) json.Flush();
    }

    static void WriteBox(Utf8JsonWriter json, long number, long image, int category, SampleBox box, Sample sample)
    {
        var (left, top, width, height) = Inside(box.Left, box.Top, box.Width, box.Height, sample);
        json.WriteStartObject();
        json.WriteNumber("id", number);
        json.WriteNumber("image_id", image);
        json.WriteNumber("category_id", category);
        json.WriteStartArray("bbox");
        json.WriteNumberValue(left);
        json.WriteNumberValue(top);
        json.WriteNumberValue(width);
        json.WriteNumberValue(height);
        json.WriteEndArray();
        json.WriteNumber("area", width * height);
        json.WriteNumber("iscrowd", 0);
        json.WriteNumber("confidence", box.Confidence);
        json.WriteString("tag", box.Tag);
        json.WriteNumber("track", box.Track);
        json.WriteNumber("cost_m", box.CostM);
        json.WriteNumber("margin_m", box.MarginM);
        json.WriteNumber("window_s", box.WindowS);
        json.WriteString("detector_class", box.DetectorClass);
        json.WriteNumber("detector_score", box.DetectorScore);
        json.WriteEndObject();
    }

    static void WriteDetections(string journal, Stream stream, long images)
    {
        long seen = 0;
        using var json = new Utf8JsonWriter(stream);
        Journal.Read(journal, entry =>
        {
            if (++seen > images) return;
            json.Reset();
            json.WriteStartObject();
            json.WriteNumber("image_id", seen);
            json.WriteString("sample", entry.Sample.Id.ToString());
            json.WriteStartArray("detections");
            foreach (var detection in entry.Sample.Detections)
                JsonSerializer.Serialize(json, detection, DatasetJson.Default.SampleDetection);
            json.WriteEndArray();
            json.WriteEndObject();
            json.Flush();
            stream.Write("\n"u8);
        });
    }
}
