using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Runtime.Annotation;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Pipeline;
using EdgeAppliance.Runtime.Status;

namespace EdgeAppliance.Runtime;

/// <summary>A run in figures, as <c>summary.json</c> has it.</summary>
sealed record Summary(
    string Camera, string Model, string Provider, long Frames, double Seconds, double FramesPerSecond,
    double? FirstDetectionS, long Detections, ImmutableSortedDictionary<string, long>? DetectionsByClass, int Tracks,
    long Labels, long Stored, long? Acknowledged, ImmutableArray<LinkCounts> Links, int FramesHeld, double MemoryMiB);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(Summary))]
sealed partial class OutJson : JsonSerializerContext;

/// <summary>
/// Writes what a run saw and heard: <c>detections.csv</c>, <c>labels.csv</c>, <c>fixes.csv</c>, <c>powers.csv</c>, up
/// to 24 drawn frames spread evenly over the run, and <c>summary.json</c>. Its disk is bounded by the run for the
/// tables and by 24 pictures for the rest.
/// </summary>
sealed class OutFolder : IDisposable
{
    public const int PicturesMax = 24;
    const int Quality = 88;

    // Drawing and encoding each of the first frames would hold up the start of a live run.
    const int StrideFirst = 8;

    readonly string _folder;
    readonly FramePool _pool;
    readonly IReadOnlyList<string> _classes;
    readonly JpegEncode _encode;
    readonly StreamWriter _detections;
    readonly StreamWriter _labels;
    readonly StreamWriter _fixes;
    readonly StreamWriter _powers;
    readonly List<(long Number, string Path)> _pictures = [];
    readonly long[] _byClass;
    readonly HashSet<int> _tracks = [];
    long _number;
    long _detectionCount;
    long _stride = StrideFirst;

    /// <param name="encode">a frame and a quality to JPEG bytes</param>
    public OutFolder(string folder, FramePool pool, IReadOnlyList<string> classes, JpegEncode encode)
    {
        (_folder, _pool, _classes, _encode) = (folder, pool, classes, encode);
        _byClass = new long[classes.Count];
        Directory.CreateDirectory(Path.Combine(folder, "frames"));
        foreach (string old in Directory.EnumerateFiles(Path.Combine(folder, "frames"), "*.jpg")) File.Delete(old);
        _detections = new StreamWriter(Path.Combine(folder, "detections.csv"));
        _detections.WriteLine("frame,t_s,class,score,left,top,right,bottom,track");
        _labels = new StreamWriter(Path.Combine(folder, "labels.csv"));
        _fixes = new StreamWriter(Path.Combine(folder, "fixes.csv"));
        _fixes.WriteLine("t_s,tag,x_m,y_m,var_x_m2,var_y_m2");
        _powers = new StreamWriter(Path.Combine(folder, "powers.csv"));
        _powers.WriteLine("t_s,scanner,tag,rssi_dbm");
        _labels.WriteLine("frame,t_s,tag,class,confidence,left,top,right,bottom,track,detector_class,detector_score");
    }

    public long Detections => Interlocked.Read(ref _detectionCount);

    /// <summary>Different tracks seen so far.</summary>
    public int Tracks { get { lock (_tracks) return _tracks.Count; } }

    public ImmutableSortedDictionary<string, long> DetectionsByClass => _byClass
        .Select((count, i) => (Name: _classes[i], Count: count)).Where(row => row.Count > 0)
        .ToImmutableSortedDictionary(row => row.Name, row => row.Count, StringComparer.Ordinal);

    /// <summary>Notes a frame; its lease stays the caller's.</summary>
    public void Note(in Annotated seen)
    {
        foreach (var detection in seen.Detections) NoteDetection(seen, detection);
        foreach (var fix in seen.Fixes) NoteFix(seen.Frame, fix);
        foreach (var label in seen.Annotations) NoteLabel(seen.Frame, label);
        lock (_tracks) foreach (var located in seen.Tracks) _tracks.Add(located.Track.Id);
        // Every stride-th frame is drawn; when all places are taken, every other picture goes and the stride doubles.
        if (_number++ % _stride == 0) Draw(seen);
    }

    /// <summary>Received powers of this scene are noted too, by the frames' own time.</summary>
    public void Follow(Scene scene) => scene.Heard = NoteReadings;

    void NoteReadings(in Frame frame, ReadOnlySpan<Observation> readings)
    {
        foreach (ref readonly var reading in readings)
        {
            if (reading.Kind != ObservationKind.Rssi) continue;
            double t = frame.StreamTime.TotalSeconds + (reading.At - frame.At).TotalSeconds;
            _powers.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{t:F4},{reading.Station},{reading.Tag},{reading.Value:F1}"));
        }
    }

    public void Finish(Summary summary)
    {
        _detections.Flush();
        _labels.Flush();
        _fixes.Flush();
        _powers.Flush();
        using var file = File.Create(Path.Combine(_folder, "summary.json"));
        JsonSerializer.Serialize(file, summary, OutJson.Default.Summary);
    }

    public void Dispose()
    {
        _detections.Dispose();
        _labels.Dispose();
        _fixes.Dispose();
        _powers.Dispose();
    }

    void NoteDetection(in Annotated seen, in Detection detection)
    {
        _detectionCount++;
        _byClass[detection.Class]++;
        string track = "";
        foreach (var located in seen.Tracks)
        {
            if (located.Track.Measured != detection.Box) continue;
            track = located.Track.Id.ToString(CultureInfo.InvariantCulture);
        }

        var box = detection.Box;
        _detections.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{seen.Frame.Index},{seen.Frame.StreamTime.TotalSeconds:F4},{_classes[detection.Class]},"
            + $"{detection.Score:F4},{box.Left:F2},{box.Top:F2},{box.Right:F2},{box.Bottom:F2},{track}"));
    }

    void NoteLabel(in Frame frame, in AnnotatedBox label)
    {
        var box = label.Box;
        _labels.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{frame.Index},{frame.StreamTime.TotalSeconds:F4},{label.Match.Tag},{label.Class},{label.Confidence:F4},"
            + $"{box.Left:F2},{box.Top:F2},{box.Right:F2},{box.Bottom:F2},{label.TrackId},{label.DetectorClass},"
            + $"{label.DetectorScore:F4}"));
    }

    // As recorded fixes are read: site.tags takes it as it is.
    void NoteFix(in Frame frame, in Fix fix) => _fixes.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{frame.StreamTime.TotalSeconds:F4},{fix.Tag},{fix.PositionM.X:F4},{fix.PositionM.Y:F4},"
        + $"{fix.Covariance.Xx:F5},{fix.Covariance.Yy:F5}"));

    void Draw(in Annotated seen)
    {
        if (!_pool.TryRent(out var lease)) return; // counted by the pool; the next stride has its turn
        using var copy = seen.Frame with { Pixels = lease };
        seen.Frame.Pixels.Bytes[..seen.Frame.Format.Bytes].CopyTo(copy.Pixels.Bytes);
        Overlay.Draw(copy, seen, _classes);
        string path = Path.Combine(_folder, "frames", $"{seen.Frame.Index:D6}.jpg");
        File.WriteAllBytes(path, _encode(copy, Quality));
        _pictures.Add((_number - 1, path));
        if (_pictures.Count <= PicturesMax) return;
        _stride *= 2;
        foreach (var (_, old) in _pictures.Where(picture => picture.Number % _stride != 0)) File.Delete(old);
        _pictures.RemoveAll(picture => picture.Number % _stride != 0);
    }
}
