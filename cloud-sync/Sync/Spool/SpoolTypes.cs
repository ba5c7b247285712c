using System.Collections.Immutable;
using EdgeAppliance.CloudSync.Contract;

namespace EdgeAppliance.CloudSync.Spool;

/// <summary>What became of a sample handed to the spool.</summary>
public enum StoreOutcome
{
    /// <summary>Committed and flushed: it survives a power cut.</summary>
    Stored,

    /// <summary>A sample of that name is here already.</summary>
    Duplicate,

    /// <summary>Not stored: the disk has no room and nothing was left to thin. Try again later.</summary>
    Full,

    /// <summary>Not stored: one sample is larger than allowed; no retry helps.</summary>
    TooLarge,
}

/// <param name="Thinned">older samples that made room</param>
/// <param name="Why">in words, when it was not stored</param>
public readonly record struct StoreResult(StoreOutcome Outcome, int Thinned, string? Why)
{
    public bool IsStored => Outcome is StoreOutcome.Stored or StoreOutcome.Duplicate;
}

/// <summary>A sample that waits for its receipt.</summary>
/// <param name="Bytes">JSON and image together</param>
public readonly record struct PendingSample(SampleId Id, double Worth, int Bytes);

/// <summary>
/// What happened to every sample since the spool began; kept in the spool itself, in the same transactions.
/// <c>Stored == Acknowledged + Refused + Thinned + Pending</c>.
/// </summary>
/// <param name="Stored">committed since the spool began</param>
/// <param name="Pending">waiting for a receipt</param>
/// <param name="PendingBytes">of the pending, JSON and image together</param>
/// <param name="Acknowledged">forgotten on the endpoint's receipt</param>
/// <param name="Refused">set aside: can never be taken</param>
/// <param name="ThinnedByReason">dropped to make room</param>
public sealed record SpoolCounts(
    long Stored, long Pending, long PendingBytes, long Acknowledged, long Refused,
    ImmutableSortedDictionary<string, long> ThinnedByReason)
{
    public long Thinned => ThinnedByReason.Values.Sum();

    public bool IsBalanced => Stored == Acknowledged + Refused + Thinned + Pending;
}
