namespace EdgeAppliance.Onnx.Editing;

/// <summary>Neighbouring sizes that together become neighbouring sizes.</summary>
/// <param name="From">of the value</param>
/// <param name="To">of the target; both hold as many elements</param>
readonly record struct ReshapeGroup(Range From, Range To);

/// <summary>Which sizes of a value become which of a Reshape's target: the smallest runs of equal products.</summary>
static class ReshapeGroups
{
    /// <summary>Null when the two do not hold as many elements.</summary>
    public static List<ReshapeGroup>? Of(long[] from, long[] to)
    {
        List<ReshapeGroup> groups = [];
        int a = 0, b = 0;
        while (a < from.Length || b < to.Length)
        {
            int a0 = a, b0 = b;
            long x = a < from.Length ? from[a++] : 1, y = b < to.Length ? to[b++] : 1;
            while (x != y)
            {
                if (x < y && a < from.Length) x *= from[a++];
                else if (y < x && b < to.Length) y *= to[b++];
                else return null;
            }

            groups.Add(new ReshapeGroup(a0..a, b0..b));
        }

        return groups;
    }
}
