namespace EdgeAppliance.Drivers.Twin;

/// <summary>
/// Numbers drawn from a seed (SplitMix64, Steele et al. 2014): the same on every machine and release.
/// </summary>
struct Seeded(ulong seed)
{
    ulong _state = seed;

    public static ulong Mix(ulong a, ulong b)
    {
        ulong z = a + (0x9E3779B97F4A7C15UL * (b + 1));
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    public ulong Next()
    {
        ulong drawn = Mix(_state, 0);
        _state += 0x9E3779B97F4A7C15UL;
        return drawn;
    }

    /// <summary>0 inside, 1 not.</summary>
    public float Unit() => (Next() >> 40) * (1f / (1 << 24));

    public float Between(float low, float high) => low + ((high - low) * Unit());

    public int Below(int count) => (int)((Next() >> 33) % (ulong)count);

    public bool Chance(float probability) => Unit() < probability;

    /// <summary>Mean 0, deviation 1 (Box and Muller).</summary>
    public float Normal()
    {
        float radius = MathF.Sqrt(-2 * MathF.Log(1 - Unit()));
        return radius * MathF.Cos(2 * MathF.PI * Unit());
    }
}

/// <summary>Smooth noise on the plane for surfaces.</summary>
static class Texture
{
    /// <summary>-1 to 1, about one bump a unit.</summary>
    public static float Value(float x, float y, ulong seed)
    {
        float fx = MathF.Floor(x), fy = MathF.Floor(y);
        float u = Smooth(x - fx), v = Smooth(y - fy);
        int ix = (int)fx, iy = (int)fy;
        float low = float.Lerp(Lattice(ix, iy, seed), Lattice(ix + 1, iy, seed), u);
        float high = float.Lerp(Lattice(ix, iy + 1, seed), Lattice(ix + 1, iy + 1, seed), u);
        return float.Lerp(low, high, v);
    }

    /// <summary>Octaves of <see cref="Value"/> from <paramref name="scaleM"/> down to what a pixel can show.</summary>
    public static float Fractal(float x, float y, float scaleM, float footprintM, ulong seed)
    {
        float sum = 0, weight = .5f;
        for (int octave = 0; octave < 5; octave++, scaleM *= .43f, weight *= .66f)
        {
            float shown = Math.Clamp((scaleM / footprintM) - .7f, 0, 1);
            if (shown <= 0) break;
            sum += weight * shown * Value(x / scaleM, y / scaleM, seed + (ulong)octave);
        }

        return sum;
    }

    static float Smooth(float t) => t * t * (3 - (2 * t));

    static float Lattice(int x, int y, ulong seed)
    {
        uint h = ((uint)x * 0x9E3779B1u) ^ ((uint)y * 0x85EBCA77u) ^ (uint)(seed * 0xC2B2AE3Du);
        h = (h ^ (h >> 15)) * 0x2C1B3C6Du;
        h = (h ^ (h >> 12)) * 0x297A2D39u;
        return ((h ^ (h >> 15)) * (2f / uint.MaxValue)) - 1;
    }
}
