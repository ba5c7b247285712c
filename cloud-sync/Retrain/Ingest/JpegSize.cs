using System.Buffers.Binary;

namespace EdgeAppliance.Retrain.Ingest;

/// <summary>Reads a JPEG's size from its frame header, without decoding it (ITU-T T.81, annex B).</summary>
static class JpegSize
{
    /// <summary>Width and height, pixels; null when the bytes are no whole JPEG.</summary>
    public static (int Width, int Height)? Read(ReadOnlySpan<byte> jpeg)
    {
        if (jpeg.Length < 4 || jpeg[0] != 0xff || jpeg[1] != 0xd8) return null;
        if (jpeg[^2] != 0xff || jpeg[^1] != 0xd9) return null; // cut off: no end of image
        int at = 2;
        while (at + 4 <= jpeg.Length)
        {
            if (jpeg[at] != 0xff) return null;
            byte marker = jpeg[at + 1];
            if (marker == 0xff)
            {
                at++; // a fill byte
                continue;
            }

            // The scan begins, or the image ends, before any frame header.
            if (marker is 0xda or 0xd9) return null;
            int length = BinaryPrimitives.ReadUInt16BigEndian(jpeg[(at + 2)..]);
            if (length < 2 || at + 2 + length > jpeg.Length) return null;
            // C0 to CF are frame headers, but for the Huffman (C4), reserved (C8) and arithmetic (CC) tables.
            if (marker is >= 0xc0 and <= 0xcf and not (0xc4 or 0xc8 or 0xcc))
            {
                if (length < 8) return null;
                return (BinaryPrimitives.ReadUInt16BigEndian(jpeg[(at + 7)..]),
                    BinaryPrimitives.ReadUInt16BigEndian(jpeg[(at + 5)..]));
            }

            at += 2 + length;
        }

        return null;
    }
}
