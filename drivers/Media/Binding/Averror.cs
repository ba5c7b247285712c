namespace EdgeAppliance.Drivers.Media.Binding;

/// <summary>Error numbers of libavutil/error.h: negated errno, or a negated four-letter tag.</summary>
static class Averror
{
    public const int EAGAIN = -11;
    public const int ENOMEM = -12;
    public const int EIO = -5;
    public const int ETIMEDOUT = -110;
    public static readonly int EOF = Tag('E', 'O', 'F', ' ');
    public static readonly int EXIT = Tag('E', 'X', 'I', 'T');
    public static readonly int INVALIDDATA = Tag('I', 'N', 'D', 'A');
    public static readonly int STREAM_NOT_FOUND = Tag((char)0xF8, 'S', 'T', 'R');
    public static readonly int DECODER_NOT_FOUND = Tag((char)0xF8, 'D', 'E', 'C');
    public static readonly int PROTOCOL_NOT_FOUND = Tag((char)0xF8, 'P', 'R', 'O');
    public static readonly int HTTP_UNAUTHORIZED = Tag((char)0xF8, '4', '0', '1');
    public static readonly int HTTP_NOT_FOUND = Tag((char)0xF8, '4', '0', '4');

    static int Tag(char a, char b, char c, char d) => -(a | (b << 8) | (c << 16) | (d << 24));
}
