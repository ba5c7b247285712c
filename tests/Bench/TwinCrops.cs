using System.Globalization;
using System.Text;
using EdgeAppliance.Drivers.Twin;

namespace EdgeAppliance.Bench;

/// <summary>
/// Small labelled pictures of the simulated world, to train a small classifier on: 32 x 32 RGB, each ground, person or
/// vehicle, a third each. Drawn without the encoder. The same seeds give the same bytes.
/// <para>
/// <c>twin-crops --out DIR [--train SEED,COUNT] [--test SEED,COUNT]</c> writes them for NumPy:
/// <c>train-images.npy</c> (uint8, N x 32 x 32 x 3) and <c>train-labels.npy</c> (int64), likewise <c>test-</c>.
/// </para>
/// </summary>
static class TwinCrops
{
    public const int Side = 32;
    public const int PixelBytes = 3 * Side * Side;
    public const int Ground = 0;
    public const int Person = 1;
    public const int Vehicle = 2;
    public const int Classes = 3;

    /// <summary>Crops of one seed: few, so that a thousand crops show many people, vehicles and lights.</summary>
    public const int OfOneSeed = 99;

    // Half the camera's size: cheaper to draw, and people far off are a few pixels high.
    const int Width = 640;
    const int Height = 360;
    const double DayS = 600;

    /// <summary>Below this side a box is too small to tell by eye.</summary>
    const int SmallestPx = 9;

    /// <summary>Of the crops without anybody, those that show a part of somebody.</summary>
    const double Hard = .35;

    /// <summary>A seed's vehicles pass a few times in its day: this many looks find enough of them.</summary>
    const int Looks = 2000;

    /// <summary>
    /// Crops of the seeds from <paramref name="firstSeed"/> on, <see cref="OfOneSeed"/> of each, day and dusk in turn.
    /// </summary>
    /// <returns>N x 3 x 32 x 32 bytes, red plane first, and a label each</returns>
    public static (byte[] Pixels, int[] Labels) Make(int firstSeed, int count)
    {
        byte[] pixels = new byte[count * PixelBytes];
        int[] labels = new int[count];
        Parallel.For(0, (count + OfOneSeed - 1) / OfOneSeed, i =>
        {
            int from = i * OfOneSeed, some = Math.Min(OfOneSeed, count - from);
            new Shoot(firstSeed + i).Fill(
                pixels.AsSpan(from * PixelBytes, some * PixelBytes), labels.AsSpan(from, some));
        });
        return (pixels, labels);
    }

    public static int Run(BenchArguments arguments)
    {
        string folder = arguments.After("--out") ?? "twin-crops";
        Directory.CreateDirectory(folder);
        Write(folder, "train", arguments.After("--train") ?? "300,6000");
        Write(folder, "test", arguments.After("--test") ?? "900,3000");
        return 0;
    }

    static void Write(string folder, string name, string asked)
    {
        int[] numbers = [.. asked.Split(',').Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
        var (pixels, labels) = Make(numbers[0], numbers[1]);
        byte[] innermost = new byte[pixels.Length];
        for (int i = 0; i < innermost.Length; i++)
        {
            int crop = i / PixelBytes, within = i % PixelBytes;
            innermost[i] = pixels[(crop * PixelBytes) + (within % 3 * Side * Side) + (within / 3)];
        }

        WriteNpy(Path.Combine(folder, name + "-images.npy"), "|u1", $"({labels.Length}, {Side}, {Side}, 3)", innermost);
        byte[] wide = [.. labels.SelectMany(label => BitConverter.GetBytes((long)label))];
        WriteNpy(Path.Combine(folder, name + "-labels.npy"), "<i8", $"({labels.Length},)", wide);
    }

    /// <summary>NumPy's own format, version 1.0: a header padded to 64 bytes, then the values.</summary>
    static void WriteNpy(string path, string type, string shape, ReadOnlySpan<byte> values)
    {
        const int Before = 10;
        string header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}";
        int padded = ((Before + header.Length + 1 + 63) / 64 * 64) - Before;
        using var file = File.Create(path);
        file.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)padded, (byte)(padded >> 8)]);
        file.Write(Encoding.ASCII.GetBytes(header.PadRight(padded - 1) + "\n"));
        file.Write(values);
    }

    /// <summary>A square of the frame.</summary>
    readonly record struct Square(float X, float Y, float SidePx)
    {
        /// <summary>Area shared with a box.</summary>
        public float Shared(in TwinBox box) =>
            MathF.Max(0, MathF.Min(X + SidePx, box.Right) - MathF.Max(X, box.Left))
            * MathF.Max(0, MathF.Min(Y + SidePx, box.Bottom) - MathF.Max(Y, box.Top));
    }

    /// <summary>Takes the crops of one seed.</summary>
    sealed class Shoot
    {
        readonly TwinWorld _world;
        readonly byte[] _luma;
        readonly byte[] _blue;
        readonly byte[] _red;
        ulong _state;

        public Shoot(int seed)
        {
            _world = TwinWorld.Create(TwinWorld.Names[seed % TwinWorld.Names.Count], seed, Width, Height);
            _luma = new byte[_world.Format.LumaBytes];
            _blue = new byte[_world.Format.ChromaBytes];
            _red = new byte[_world.Format.ChromaBytes];
            _state = (ulong)seed * 0x9E3779B97F4A7C15UL;
        }

        /// <summary>Looks at times drawn from the day until every class has its third.</summary>
        public void Fill(Span<byte> pixels, Span<int> labels)
        {
            int[] wanted = [(labels.Length + 2) / 3, (labels.Length + 1) / 3, labels.Length / 3];
            int done = 0;
            for (int look = 0; look < Looks && done < labels.Length; look++)
            {
                var t = TimeSpan.FromMilliseconds(Math.Floor(Unit() * DayS * 1000));
                var truth = _world.TruthAt(t);
                var chosen = Choose(truth, wanted);
                if (chosen.Count == 0) continue;
                _world.Render(t, _luma, _blue, _red);
                foreach (var (square, label) in chosen)
                {
                    Take(square, pixels.Slice(done * PixelBytes, PixelBytes));
                    labels[done++] = label;
                }
            }

            if (done < labels.Length)
                throw new InvalidDataException($"seed {_world.Seed} shows too few: {done} of {labels.Length} crops");
        }

        /// <summary>At most two people of one frame, the vehicles, half as much ground; less the unwanted.</summary>
        List<(Square Square, int Label)> Choose(IReadOnlyList<TwinTruth> truth, int[] wanted)
        {
            var chosen = new List<(Square, int)>();
            int people = 0;
            foreach (var one in truth)
            {
                int label = one.Class == TwinWorld.PersonClass ? Person : Vehicle;
                bool isPlain = one.Visibility >= .5 && Math.Max(one.Box.Width, one.Box.Height) >= SmallestPx;
                if (!isPlain || (label == Person && people == 2) || wanted[label] == 0) continue;
                if (label == Person) people++;
                wanted[label]--;
                chosen.Add((Around(one.Box), label));
            }

            for (int i = Math.Max(1, chosen.Count / 2); i > 0 && wanted[Ground] > 0; i--)
            {
                if (Empty(truth) is not { } square) continue;
                wanted[Ground]--;
                chosen.Add((square, Ground));
            }

            return chosen;
        }

        /// <summary>A square round a box with some of what is about it, and not quite in its middle.</summary>
        Square Around(in TwinBox box)
        {
            float side = Math.Max(box.Width, box.Height), wide = side * Between(1.1f, 1.7f);
            float x = ((box.Left + box.Right) / 2f) + (side * Between(-.15f, .15f));
            float y = ((box.Top + box.Bottom) / 2f) + (side * Between(-.15f, .15f));
            return new Square(x - (wide / 2), y - (wide / 2), wide);
        }

        /// <summary>
        /// A square with nobody in it, or with no more than a part of one, of the size and near the place that somebody
        /// has: neither tells a class. Null when a few draws find none.
        /// </summary>
        Square? Empty(IReadOnlyList<TwinTruth> truth)
        {
            if (truth.Count == 0) return null;
            bool isHard = Unit() < Hard;
            for (int draw = 0; draw < 20; draw++)
            {
                var near = truth[(int)(Unit() * truth.Count)].Box;
                if (Math.Max(near.Width, near.Height) < SmallestPx) continue;
                var square = Around(near);
                float away = isHard ? 1.2f : 4;
                square = square with
                {
                    X = square.X + (square.SidePx * Between(-away, away)),
                    Y = square.Y + (square.SidePx * Between(-away, away) * .3f),
                };
                bool isInside = square.X >= 0 && square.Y >= 0 && square.X + square.SidePx <= Width
                    && square.Y + square.SidePx <= Height;
                if (isInside && (isHard ? IsPartly(square, truth) : truth.All(one => square.Shared(one.Box) == 0)))
                    return square;
            }

            return null;
        }

        /// <summary>Shows some of somebody, of nobody more than a third, and overlaps no box by a fifth.</summary>
        static bool IsPartly(Square square, IReadOnlyList<TwinTruth> truth)
        {
            bool isAny = false;
            foreach (var one in truth)
            {
                float shared = square.Shared(one.Box), area = one.Box.Width * one.Box.Height;
                float union = (square.SidePx * square.SidePx) + area - shared;
                if (shared > .33f * area || shared > .2f * union) return false;
                isAny |= shared > .1f * area;
            }

            return isAny;
        }

        /// <summary>The square as 32 x 32 RGB: where it is larger, means of as many points as it has pixels.</summary>
        void Take(Square square, Span<byte> into)
        {
            float step = square.SidePx / Side;
            int points = Math.Max(1, (int)MathF.Ceiling(step));
            for (int y = 0; y < Side; y++)
            {
                for (int x = 0; x < Side; x++)
                {
                    float luma = 0, blue = 0, red = 0;
                    for (int p = 0; p < points * points; p++)
                    {
                        float atX = square.X + ((x + (((p % points) + .5f) / points)) * step);
                        float atY = square.Y + ((y + (((p / points) + .5f) / points)) * step);
                        luma += Between(_luma, Width, Height, atX, atY);
                        blue += Between(_blue, Width / 2, Height / 2, atX / 2, atY / 2);
                        red += Between(_red, Width / 2, Height / 2, atX / 2, atY / 2);
                    }

                    float all = points * points;
                    ToRgb(luma / all, blue / all, red / all, into[((y * Side) + x)..]);
                }
            }
        }

        /// <summary>BT.709, limited range.</summary>
        static void ToRgb(float luma, float blue, float red, Span<byte> into)
        {
            float light = (luma - 16) * (255f / 219), u = (blue - 128) * (255f / 224), v = (red - 128) * (255f / 224);
            into[0] = Rounded(light + (1.5748f * v));
            into[Side * Side] = Rounded(light - (.1873f * u) - (.4681f * v));
            into[2 * Side * Side] = Rounded(light + (1.8556f * u));
        }

        static byte Rounded(float value) => (byte)Math.Clamp((int)(value + .5f), 0, 255);

        /// <summary>Of a plane between its four nearest pixels; its border goes on outside.</summary>
        static float Between(byte[] plane, int width, int height, float x, float y)
        {
            x = Math.Clamp(x - .5f, 0, width - 1);
            y = Math.Clamp(y - .5f, 0, height - 1);
            int left = (int)x, right = Math.Min(left + 1, width - 1);
            int top = (int)y, below = Math.Min(top + 1, height - 1);
            float alongX = x - left, alongY = y - top;
            float high = plane[(top * width) + left]
                + ((plane[(top * width) + right] - plane[(top * width) + left]) * alongX);
            float low = plane[(below * width) + left]
                + ((plane[(below * width) + right] - plane[(below * width) + left]) * alongX);
            return high + ((low - high) * alongY);
        }

        float Between(float low, float high) => low + ((high - low) * (float)Unit());

        /// <summary>0 inside, 1 not (SplitMix64).</summary>
        double Unit()
        {
            ulong z = _state += 0x9E3779B97F4A7C15UL;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
        }
    }
}
