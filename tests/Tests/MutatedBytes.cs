namespace EdgeAppliance.Tests;

/// <summary>Damage as files get it: bits turned, ends cut off, lengths changed, pieces of others put in.</summary>
static class MutatedBytes
{
    public static byte[] Of(byte[] whole, byte[] other, Random random)
    {
        byte[] bytes = [.. whole];
        for (int i = random.Next(1, 4); i > 0; i--) bytes = Once(bytes, other, random);
        return bytes;
    }

    static byte[] Once(byte[] bytes, byte[] other, Random random)
    {
        if (bytes.Length == 0) return other;
        int at = random.Next(bytes.Length);
        switch (random.Next(6))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                return bytes[..at];
            case 2: // a byte that is often a length or a tag, a little more or less
                bytes[at] = (byte)(bytes[at] + random.Next(-3, 4));
                return bytes;
            case 3: // a length of five bytes
                return [.. bytes[..at], 0xFF, 0xFF, 0xFF, 0xFF, (byte)random.Next(16), .. bytes[at..]];
            case 4:
                int from = random.Next(other.Length), count = Math.Min(random.Next(1, 64), other.Length - from);
                return [.. bytes[..at], .. other[from..(from + count)], .. bytes[Math.Min(bytes.Length, at + count)..]];
            default:
                int gone = Math.Min(random.Next(1, 32), bytes.Length - at);
                return [.. bytes[..at], .. bytes[(at + gone)..]];
        }
    }
}
