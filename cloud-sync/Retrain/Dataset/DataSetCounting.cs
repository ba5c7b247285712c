using System.Collections.Immutable;
using System.Text.Json;

namespace EdgeAppliance.Retrain.Dataset;

/// <summary>Counts a data set from its journal, its folder and its COCO file; it may grow meanwhile.</summary>
static class DataSetCounting
{
    public static DataSetStats Count(string folder)
    {
        long images = 0, annotations = 0, detections = 0, missing = 0;
        var byClass = new Dictionary<string, long>(StringComparer.Ordinal);
        var byDevice = new Dictionary<string, long>(StringComparer.Ordinal);
        long damaged = Journal.Read(Path.Combine(folder, DataSetFolder.JournalName), entry =>
        {
            var sample = entry.Sample;
            images++;
            annotations += sample.Boxes.Length;
            detections += sample.Detections.Length;
            byDevice[sample.Device] = byDevice.GetValueOrDefault(sample.Device) + 1;
            foreach (var box in sample.Boxes) byClass[box.Class] = byClass.GetValueOrDefault(box.Class) + 1;
            var file = new FileInfo(Path.Combine(folder, DataSetFolder.ImagesFolder, sample.Id + ".jpg"));
            if (!file.Exists || file.Length != entry.ImageBytes) missing++;
        });
        return new DataSetStats(images, annotations, detections, missing, damaged,
            byClass.ToImmutableSortedDictionary(StringComparer.Ordinal),
            byDevice.ToImmutableSortedDictionary(StringComparer.Ordinal),
            CountCoco(Path.Combine(folder, CocoFile.AnnotationsName)));
    }

    /// <summary>Reads the COCO file as a trainer would; null where there is none yet.</summary>
    static CocoStats? CountCoco(string path)
    {
        if (!File.Exists(path)) return null;
        using var stream = File.OpenRead(path);
        using var document = JsonDocument.Parse(stream);
        var sizes = new Dictionary<long, (double Width, double Height)>();
        foreach (var image in document.RootElement.GetProperty("images").EnumerateArray())
            sizes[image.GetProperty("id").GetInt64()] =
                (image.GetProperty("width").GetDouble(), image.GetProperty("height").GetDouble());
        long annotations = 0, outside = 0;
        foreach (var annotation in document.RootElement.GetProperty("annotations").EnumerateArray())
        {
            annotations++;
            var box = annotation.GetProperty("bbox");
            var (left, top) = (box[0].GetDouble(), box[1].GetDouble());
            var (width, height) = (box[2].GetDouble(), box[3].GetDouble());
            bool isInside = sizes.TryGetValue(annotation.GetProperty("image_id").GetInt64(), out var size)
                && left >= 0 && top >= 0 && width > 0 && height > 0
                && left + width <= size.Width && top + height <= size.Height;
            if (!isInside) outside++;
        }

        return new CocoStats(sizes.Count, annotations, outside);
    }
}
