using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using EdgeAppliance.CloudSync.Contract;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Runtime.Annotation;

/// <summary>How often no label was made of a track that carries a tag, by the reason.</summary>
readonly record struct Abstentions(
    long NotRegistered, long NoConsent, long NotSeen, long TooFewWindows, long Cut, long Overlapped, long Contradicted,
    long Unsure, long NotWanted);

/// <summary>
/// Makes labels of located tracks: the detector's box of this very frame, the class of the tag the track carries. It
/// rather makes none than a doubtful one; docs/labels.md has the formula. Not thread safe, but for
/// <see cref="SampleOf"/>, which any thread may call.
/// </summary>
sealed class Annotator
{
    // How often a tag that has followed a track for windows leads to a box that shows nothing of it.
    const double TagErrs = 0.3;

    readonly AnnotationSettings _settings;
    TagRegistry _registry;
    readonly ImmutableArray<string> _detectorClasses;
    FrozenDictionary<string, FrozenSet<string>> _allowed;
    long _notRegistered, _noConsent, _notSeen, _tooFewWindows, _cut, _overlapped, _contradicted, _unsure,
        _notWanted;

    /// <param name="detectorClasses">the model card's class names, in order</param>
    public Annotator(AnnotationSettings settings, TagRegistry registry, IReadOnlyList<string> detectorClasses)
    {
        _settings = settings;
        _detectorClasses = [.. detectorClasses];
        Use(registry);
    }

    /// <summary>From the next frame on this registry is in force: a consent withdrawn in it makes no label.</summary>
    [MemberNotNull(nameof(_registry), nameof(_allowed))]
    public void Use(TagRegistry registry)
    {
        _registry = registry;
        var allowed = new Dictionary<string, FrozenSet<string>>(StringComparer.Ordinal);
        foreach (string name in registry.Classes)
        {
            if (_settings.DetectorClasses.TryGetValue(name, out var listed)) allowed[name] = listed.ToFrozenSet();
            else if (_detectorClasses.Contains(name)) allowed[name] = new[] { name }.ToFrozenSet();
        }

        _allowed = allowed.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>Counted over all frames.</summary>
    public Abstentions Abstentions => new(
        _notRegistered, _noConsent, _notSeen, _tooFewWindows, _cut, _overlapped, _contradicted, _unsure,
        _notWanted);

    /// <summary>Takes over the frame and hands it on with its labels.</summary>
    public Annotated Step(in Located located)
    {
        int matched = 0;
        foreach (var track in located.Tracks) if (track.Match is not null) matched++;
        var boxes = matched == 0 ? null : ImmutableArray.CreateBuilder<AnnotatedBox>(matched);
        for (int i = 0; boxes is not null && i < located.Tracks.Length; i++)
        {
            if (located.Tracks[i].Match is { } match && Label(located, i, match) is { } box) boxes.Add(box);
        }

        return new Annotated(
            located.Frame, boxes?.DrainToImmutable() ?? [], located.Tracks, located.Detections, located.Model,
            located.Calibration)
        {
            Fixes = located.Fixes,
        };
    }

    /// <summary>
    /// How likely box and class are right, 0 to 1: it grows with the detector's score, the margin and the windows that
    /// agree, and falls with the distance of track and tag.
    /// </summary>
    public static double Confidence(double score, in TagMatch match, AnnotationSettings settings)
    {
        // Detector and tag are two witnesses that something is there: both must be wrong for the box to be wrong.
        double there = 1 - ((1 - score) * TagErrs);
        double far = match.CostM / settings.CostScaleM;
        double near = Math.Exp(-far * far / 2);
        double alone = 1 - Math.Exp(-match.MarginM / settings.MarginScaleM);
        double lasting = 1 - Math.Pow(0.5, match.AgreedWindows);
        return there * near * alone * lasting;
    }

    /// <summary>
    /// The one way from the inside to the outside: a frame's labels as they travel. Boxes are cut to the frame; what
    /// the detector saw and no label covers goes along as a detection, without any tag.
    /// </summary>
    public Sample SampleOf(in Annotated annotated, string reason, double worth, in SampleOrigin origin)
    {
        var format = annotated.Frame.Format;
        var boxes = ImmutableArray.CreateBuilder<SampleBox>(annotated.Annotations.Length);
        foreach (var label in annotated.Annotations)
        {
            boxes.Add(new SampleBox(
                label.Box.Left, label.Box.Top, label.Box.Width, label.Box.Height, label.Class, label.Confidence,
                label.Match.Tag, label.TrackId, label.Match.CostM, label.Match.MarginM,
                label.Match.Window.TotalSeconds, label.DetectorClass, label.DetectorScore));
        }

        var detections = ImmutableArray.CreateBuilder<SampleDetection>(annotated.Detections.Length);
        foreach (var seen in annotated.Detections)
        {
            var box = seen.Box.ClampTo(format.Width, format.Height);
            if (box.Width <= 0 || box.Height <= 0 || IsLabelled(box, annotated.Annotations)) continue;
            detections.Add(new SampleDetection(
                box.Left, box.Top, box.Width, box.Height, NameOf(seen.Class), seen.Score));
        }

        return new Sample(
            Sample.CurrentVersion, origin.Id, origin.Device, origin.StoredAt, origin.ClockTrust, origin.Camera,
            annotated.Frame.Index, annotated.Frame.StreamTime.TotalSeconds, format.Width, format.Height,
            origin.ImageType, origin.ImageSha256, boxes.DrainToImmutable(), detections.DrainToImmutable(),
            annotated.Model, annotated.Calibration, reason, Math.Clamp(worth, 0, 1));
    }

    AnnotatedBox? Label(in Located located, int index, in TagMatch match)
    {
        var track = located.Tracks[index].Track;
        if (_registry.Find(match.Tag) is not { } tag) return Not(ref _notRegistered);
        if (!tag.HasConsent) return Not(ref _noConsent);
        if (tag.Policy != LabelPolicy.Label) return Not(ref _notWanted);
        if (track.Measured is not { } measured) return Not(ref _notSeen);
        if (match.AgreedWindows < _settings.AgreedWindowsMin) return Not(ref _tooFewWindows);
        var format = located.Frame.Format;
        if (IsCut(measured, format.Width, format.Height)) return Not(ref _cut);
        if (IsOverlapped(located.Tracks, index, measured)) return Not(ref _overlapped);
        string detectorClass = NameOf(track.Class);
        bool isContradicted = _allowed.TryGetValue(tag.Class, out var allowed) && !allowed.Contains(detectorClass);
        if (isContradicted) return Not(ref _contradicted);
        double confidence = Confidence(track.Score, match, _settings);
        if (!(confidence >= Math.Max(_settings.ConfidenceMin, tag.ConfidenceMin ?? 0))) return Not(ref _unsure);
        return new AnnotatedBox(
            measured.ClampTo(format.Width, format.Height), tag.Class, (float)confidence, track.Id, match, detectorClass,
            track.Score);
    }

    static AnnotatedBox? Not(ref long counter)
    {
        counter++;
        return null;
    }

    bool IsCut(in Box box, int width, int height)
    {
        float border = (float)_settings.BorderPx;
        return box.Left < border || box.Top < border || box.Right > width - border || box.Bottom > height - border
            || box.Width < 1 || box.Height < 1;
    }

    bool IsOverlapped(ImmutableArray<LocatedTrack> tracks, int index, in Box box)
    {
        for (int i = 0; i < tracks.Length; i++)
        {
            // A lost track covers nothing: where it would be now is a guess, and the box is the one that was seen. Nor
            // does what stands behind: somebody in front of a vehicle lies in its box, which ends higher.
            if (i == index || tracks[i].Track.Measured is not { } other || other.Bottom < box.Bottom) continue;
            if (box.SharedWith(other) > _settings.OverlapMax * box.Area) return true;
        }

        return false;
    }

    static bool IsLabelled(in Box box, ImmutableArray<AnnotatedBox> labels)
    {
        foreach (var label in labels) if (label.Box == box) return true;
        return false;
    }

    string NameOf(int detectorClass) => detectorClass >= 0 && detectorClass < _detectorClasses.Length
        ? _detectorClasses[detectorClass]
        : string.Create(CultureInfo.InvariantCulture, $"class {detectorClass}");
}
