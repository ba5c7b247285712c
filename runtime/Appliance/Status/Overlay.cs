using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime.Annotation;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Runtime.Status;

/// <summary>
/// Draws what the appliance knows onto a frame: thin boxes for tracks, thick ones with the tag's name for annotations.
/// </summary>
static class Overlay
{
    static readonly Colour[] Palette =
    [
        Colour.OfRgb(64, 156, 255), Colour.OfRgb(255, 149, 64), Colour.OfRgb(90, 200, 120), Colour.OfRgb(220, 110, 220),
        Colour.OfRgb(240, 200, 60), Colour.OfRgb(80, 205, 205), Colour.OfRgb(255, 110, 130),
            Colour.OfRgb(160, 140, 255),
    ];

    /// <param name="onto">a frame of one's own: nobody else may be reading it</param>
    public static void Draw(in Frame onto, in Annotated seen, IReadOnlyList<string> classes)
    {
        // Readable at 720p from arm's length: two pixels a dot there, three at 1080p, one below 480.
        int dot = Math.Clamp(onto.Format.Height / 360, 1, 4);
        foreach (var located in seen.Tracks)
        {
            var track = located.Track;
            if (track.Measured is null) continue;
            var colour = Palette[track.Id % Palette.Length];
            if (LabelOf(seen, track.Id) is { } label)
            {
                Ink.Outline(onto, label.Box, 2 * dot, colour);
                Caption(onto, label.Box, dot, $"{label.Tag} {label.Class} {label.Confidence * 100:F0}%", colour);
            }
            else
            {
                Ink.Outline(onto, track.Box, dot, colour);
                string name = (uint)track.Class < (uint)classes.Count ? classes[track.Class] : $"class {track.Class}";
                Caption(onto, track.Box, dot, $"{track.Id} {name} {track.Score * 100:F0}%", colour);
            }
        }
    }

    static (Box Box, string Class, string Tag, float Confidence)? LabelOf(in Annotated seen, int trackId)
    {
        foreach (var label in seen.Annotations)
        {
            if (label.TrackId == trackId) return (label.Box, label.Class, label.Match.Tag, label.Confidence);
        }

        return null;
    }

    /// <summary>Above the box, or inside it where there is no room above.</summary>
    static void Caption(in Frame onto, in Box box, int dot, string text, Colour colour)
    {
        int height = (Font.Height + 4) * dot;
        int top = box.Top >= height ? (int)box.Top - height : (int)box.Top;
        int width = Ink.WidthOf(text, dot) + (3 * dot);
        int left = Math.Clamp((int)box.Left, 0, Math.Max(0, onto.Format.Width - width));
        Ink.Fill(onto, left, top, left + width, top + height, colour);
        Ink.Text(onto, left + (2 * dot), top + (2 * dot), dot, text, Colour.Black);
    }
}
