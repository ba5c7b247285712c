using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>
/// Rows of a plane resized bilinearly. First two source rows are blended to one (16 bits, whole rows at vector speed),
/// then each output pixel takes its two neighbours from it. Vertical weights have 8 bits: half a grey level at most on
/// a step from black to white, as much as rounding to bytes would cost; horizontal weights are floats.
/// </summary>
sealed class PlaneRows
{
    readonly int _width;
    readonly int[] _above;
    readonly int[] _below;
    readonly int[] _belowWeight;
    readonly int[] _leftByte;
    readonly float[] _rightWeight;
    readonly short[] _blended;

    /// <param name="width">of this plane</param>
    /// <param name="height">of this plane</param>
    /// <param name="lumaWidth">of the frame</param>
    /// <param name="lumaHeight">of the frame</param>
    /// <param name="step">luma samples a sample of this plane stands for, each way: 1 or 2</param>
    /// <param name="fit">the sizes to make</param>
    public PlaneRows(int width, int height, int lumaWidth, int lumaHeight, int step, Fit fit)
    {
        _width = width;
        _above = new int[fit.Height];
        _below = new int[fit.Height];
        _belowWeight = new int[fit.Height];
        for (int y = 0; y < fit.Height; y++)
        {
            (int first, double weight) = At(y, fit.Height, lumaHeight, step, height);
            _above[y] = first;
            _below[y] = Math.Min(first + 1, height - 1);
            _belowWeight[y] = (int)Math.Round(weight * 256);
        }

        _leftByte = new int[fit.Width];
        _rightWeight = new float[fit.Width];
        for (int x = 0; x < fit.Width; x++)
        {
            (int first, double weight) = At(x, fit.Width, lumaWidth, step, width);
            _leftByte[x] = first * sizeof(short);
            _rightWeight[x] = (float)weight;
        }

        _blended = new short[width + 1];
    }

    /// <summary>Writes one output row, values from 0 to 255.</summary>
    public void Row(ReadOnlySpan<byte> plane, int row, Span<float> into)
    {
        Blend(plane.Slice(_above[row] * _width, _width), plane.Slice(_below[row] * _width, _width),
            _belowWeight[row], _blended);
        _blended[_width] = _blended[_width - 1];
        Spread(MemoryMarshal.AsBytes(_blended.AsSpan()), _leftByte, _rightWeight, into);
    }

    /// <summary>
    /// The neighbour before an output pixel and the weight of the one after it, as OpenCV clamps them.
    /// </summary>
    static (int First, double Weight) At(int index, int outputs, int luma, int step, int samples)
    {
        double inLuma = ((index + 0.5) * luma / outputs) - 0.5;
        double at = ((inLuma + 0.5) / step) - 0.5;
        if (at <= 0) return (0, 0);
        int first = (int)at;
        return first >= samples - 1 ? (samples - 1, 0) : (first, at - first);
    }

    /// <summary>
    /// <c>above x (256 - w) + below x w - 2^15</c>: a signed 16-bit number with 8 bits after the point.
    /// </summary>
    internal static void Blend(ReadOnlySpan<byte> above, ReadOnlySpan<byte> below, int weight, Span<short> into)
    {
        int done = 0;
        if (Vector.IsHardwareAccelerated)
        {
            var tops = MemoryMarshal.Cast<byte, Vector<byte>>(above);
            var lows = MemoryMarshal.Cast<byte, Vector<byte>>(below)[..tops.Length];
            var outs = MemoryMarshal.Cast<short, Vector<ushort>>(into)[..(2 * tops.Length)];
            var (top, low) = (new Vector<ushort>((ushort)(256 - weight)), new Vector<ushort>((ushort)weight));
            var offset = new Vector<ushort>(0x8000);
            for (int i = 0; i < tops.Length; i++)
            {
                Vector.Widen(tops[i], out var topFirst, out var topSecond);
                Vector.Widen(lows[i], out var lowFirst, out var lowSecond);
                outs[2 * i] = ((topFirst * top) + (lowFirst * low)) ^ offset;
                outs[(2 * i) + 1] = ((topSecond * top) + (lowSecond * low)) ^ offset;
            }

            done = tops.Length * Vector<byte>.Count;
        }

        for (int i = done; i < above.Length; i++)
            into[i] = (short)((above[i] * (256 - weight)) + (below[i] * weight) - 0x8000);
    }

    /// <summary>Takes each output pixel's two neighbours, which lie side by side, with one 32-bit load.</summary>
    internal static void Spread(
        ReadOnlySpan<byte> blended, ReadOnlySpan<int> leftByte, ReadOnlySpan<float> rightWeight, Span<float> into)
    {
        const float Unit = 1 / 256f, Offset = 128f;
        int x = 0;
        if (Vector128.IsHardwareAccelerated && BitConverter.IsLittleEndian)
        {
            var (unit, offset) = (Vector128.Create(Unit), Vector128.Create(Offset));
            for (; x <= into.Length - 4; x += 4)
            {
                var at = leftByte.Slice(x, 4);
                var pairs = Vector128.Create(
                    BinaryPrimitives.ReadInt32LittleEndian(blended[at[0]..]),
                    BinaryPrimitives.ReadInt32LittleEndian(blended[at[1]..]),
                    BinaryPrimitives.ReadInt32LittleEndian(blended[at[2]..]),
                    BinaryPrimitives.ReadInt32LittleEndian(blended[at[3]..]));
                var left = Vector128.ConvertToSingle((pairs << 16) >> 16);
                var right = Vector128.ConvertToSingle(pairs >> 16);
                var weight = Vector128.Create(rightWeight.Slice(x, 4));
                var value = Vector128.MultiplyAddEstimate(right - left, weight, left);
                Vector128.MultiplyAddEstimate(value, unit, offset).CopyTo(into.Slice(x, 4));
            }
        }

        for (; x < into.Length; x++)
        {
            float left = MemoryMarshal.Read<short>(blended[leftByte[x]..]);
            float right = MemoryMarshal.Read<short>(blended[(leftByte[x] + sizeof(short))..]);
            into[x] = ((left + ((right - left) * rightWeight[x])) * Unit) + Offset;
        }
    }
}
