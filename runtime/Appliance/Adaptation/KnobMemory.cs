using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeAppliance.CloudSync.Spool;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>Where a knob stood, and what was learned of its edges.</summary>
sealed record RememberedKnob(string Knob, ImmutableArray<string> Rungs, string Rung, ImmutableArray<EdgeSum> Seen);

/// <summary>Where all knobs stood when the appliance was last on.</summary>
sealed record RememberedKnobs(
    int Version, ImmutableArray<RememberedKnob> Knobs, SceneSeen Scene);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, MaxDepth = 8,
    IgnoreReadOnlyProperties = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RememberedKnobs))]
sealed partial class KnobJson : JsonSerializerContext;

/// <summary>Keeps where the knobs stand over a restart.</summary>
static class KnobMemory
{
    const int Version = 2;

    public static void Save(string file, KnobState state, IReadOnlyList<Ladder> ladders)
    {
        var knobs = ladders.Select((l, k) => new RememberedKnob(
            l.Knob, [.. Enumerable.Range(0, l.Count).Select(r => l[r])], l[state.Rungs[k]], state.Seen[k]));
        var all = new RememberedKnobs(Version, [.. knobs], state.Scene);
        Disk.Replace(file, to => JsonSerializer.Serialize(to, all, KnobJson.Default.RememberedKnobs));
    }

    /// <summary>
    /// The state as it was; knobs that are new, or whose rungs are others now, stand as in
    /// <paramref name="otherwise"/>.
    /// </summary>
    /// <param name="fault">why the file cannot be used; null: it could, or there is none</param>
    public static KnobState Load(string file, KnobState otherwise, IReadOnlyList<Ladder> ladders, out string? fault)
    {
        fault = null;
        if (!File.Exists(file)) return otherwise;
        try
        {
            using var from = File.OpenRead(file);
            var all = JsonSerializer.Deserialize(from, KnobJson.Default.RememberedKnobs);
            if (all is { Version: Version } && !all.Knobs.IsDefault) return Taken(all, otherwise, ladders);
            fault = "it is of another version";
        }
        catch (Exception broken) when (broken is JsonException or IOException or UnauthorizedAccessException)
        {
            fault = broken.Message;
        }

        return otherwise;
    }

    static KnobState Taken(RememberedKnobs all, KnobState otherwise, IReadOnlyList<Ladder> ladders)
    {
        var (rungs, seen, moments) = (otherwise.Rungs, otherwise.Seen, otherwise.Moments);
        for (int k = 0; k < ladders.Count; k++)
        {
            var ladder = ladders[k];
            var known = all.Knobs.FirstOrDefault(knob => knob.Knob == ladder.Knob && Fits(knob, ladder));
            if (known is null) continue;
            int rung = known.Rungs.IndexOf(known.Rung);
            rungs = rungs.SetItem(k, rung);
            seen = seen.SetItem(k, known.Seen);
            moments = moments.SetItem(k, new Moment(ladder.PositionOf(rung), 0, 0));
        }

        return otherwise with
        {
            Rungs = rungs,
            Seen = seen,
            Moments = moments,
            Scene = all.Scene.IsSound ? all.Scene : otherwise.Scene,
        };
    }

    static bool Fits(RememberedKnob known, Ladder ladder) => !known.Rungs.IsDefault && !known.Seen.IsDefault
        && known.Rungs.SequenceEqual(Enumerable.Range(0, ladder.Count).Select(r => ladder[r]))
        && known.Rungs.Contains(known.Rung)
        && known.Seen.Length == ladder.Count - 1
        && known.Seen.All(s => double.IsFinite(s.Weight) && s.Weight >= 0 && double.IsFinite(s.UtilityLoss)
            && s.LogCost.IsFinite && double.IsFinite(s.Died + s.Expected) && s.Died >= 0 && s.Expected >= 0);
}
