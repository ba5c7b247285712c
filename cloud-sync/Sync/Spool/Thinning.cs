namespace EdgeAppliance.CloudSync.Spool;

/// <summary>A pending sample as retention sees it.</summary>
readonly record struct ThinningRow(long Sequence, double Worth, int Bytes);

/// <summary>
/// Retention by thinning: of the older half, neighbours in time are taken in pairs and the less worthy of each goes, so
/// a long outage leaves a sparser past instead of a hole, and the newest are never touched.
/// </summary>
static class Thinning
{
    /// <summary>Why samples were thinned; the names are stored.</summary>
    public const string ByteLimit = "byte-limit";
    public const string CountLimit = "count-limit";
    public const string DiskReserve = "disk-reserve";
    public const string DiskFull = "disk-full";

    /// <summary>Chooses from rows in order of age, going on where the last sweep stopped.</summary>
    /// <param name="olderHalf">oldest first</param>
    /// <param name="cursor">the last sequence an earlier call looked at; 0 begins a sweep</param>
    /// <param name="bytes">to free, at least</param>
    /// <param name="count">to drop, at least</param>
    /// <returns>what goes, and the new cursor</returns>
    public static (List<ThinningRow> Dropped, long Cursor) Choose(
        IReadOnlyList<ThinningRow> olderHalf, long cursor, long bytes, int count)
    {
        var left = olderHalf.ToList();
        var dropped = new List<ThinningRow>();
        // A sweep over n rows drops n/2: log2(n) sweeps end with one row, so this ends.
        while (left.Count > 1 && (bytes > 0 || dropped.Count < count))
        {
            var kept = new List<ThinningRow>(left.Count);
            for (int at = 0; at < left.Count; at++)
            {
                bool isDone = bytes <= 0 && dropped.Count >= count;
                if (isDone || left[at].Sequence <= cursor || at + 1 == left.Count)
                {
                    kept.Add(left[at]);
                    continue;
                }

                var (first, second) = (left[at], left[++at]);
                var (goes, stays) = first.Worth <= second.Worth ? (first, second) : (second, first);
                kept.Add(stays);
                dropped.Add(goes);
                bytes -= goes.Bytes;
                cursor = second.Sequence;
            }

            left = kept;
            if (bytes > 0 || dropped.Count < count) cursor = 0;
        }

        return (dropped, cursor);
    }
}
