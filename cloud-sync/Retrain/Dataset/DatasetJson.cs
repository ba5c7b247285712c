using System.Collections.Immutable;
using System.Text.Json.Serialization;
using EdgeAppliance.CloudSync.Contract;

namespace EdgeAppliance.Retrain.Dataset;

/// <summary>One line of the journal: a sample the data set has.</summary>
/// <param name="Version">of this record: 1</param>
/// <param name="IngestedAt">when it was taken in</param>
/// <param name="ImageBytes">length of its image file</param>
sealed record JournalEntry(int Version, DateTimeOffset IngestedAt, int ImageBytes, Sample Sample)
{
    public const int CurrentVersion = 1;
}

/// <summary>What a data set holds, counted from its journal and its folder.</summary>
/// <param name="Annotations">labelled boxes</param>
/// <param name="Detections">unlabelled boxes, kept apart</param>
/// <param name="ImagesMissing">named by the journal and not in the folder, or of another length</param>
/// <param name="DamagedLines">of the journal: they were skipped</param>
/// <param name="Coco">what the COCO file says; null where it has not been made yet</param>
sealed record DataSetStats(
    long Images, long Annotations, long Detections, long ImagesMissing, long DamagedLines,
    ImmutableSortedDictionary<string, long> AnnotationsByClass, ImmutableSortedDictionary<string, long> ImagesByDevice,
    CocoStats? Coco);

/// <summary>What the COCO file holds, read as a trainer reads it.</summary>
/// <param name="BoxesOutside">boxes that are empty, leave their image or name none</param>
sealed record CocoStats(long Images, long Annotations, long BoxesOutside);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, Converters = [typeof(SampleIdConverter)])]
[JsonSerializable(typeof(JournalEntry))]
[JsonSerializable(typeof(DataSetStats))]
[JsonSerializable(typeof(SampleDetection))]
sealed partial class DatasetJson : JsonSerializerContext;
