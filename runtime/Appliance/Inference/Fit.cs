namespace EdgeAppliance.Runtime.Inference;

/// <summary>
/// Where a picture lies in the model's input, and so the way back from there to the picture's own pixels.
/// </summary>
/// <param name="Left">of the picture in the input, pixels of the input</param>
/// <param name="Top">of the picture in the input</param>
/// <param name="Width">of the picture in the input, at least 1</param>
/// <param name="Height">of the picture in the input, at least 1</param>
/// <param name="SourceWidth">of the picture itself</param>
/// <param name="SourceHeight">of the picture itself</param>
readonly record struct Fit(int Left, int Top, int Width, int Height, int SourceWidth, int SourceHeight)
{
    /// <summary>Lays a picture into an input by the card's rule.</summary>
    public static Fit Of(CardInput input, int sourceWidth, int sourceHeight)
    {
        if (input.Resize == ResizeRule.Stretch) return new(0, 0, input.Width, input.Height, sourceWidth, sourceHeight);
        double ratio = Math.Min((double)input.Width / sourceWidth, (double)input.Height / sourceHeight);
        // The makers' own roundings: YOLOX cuts, Ultralytics rounds.
        bool centred = input.Resize == ResizeRule.LetterboxCentred;
        int width = Size(sourceWidth * ratio, centred, input.Width);
        int height = Size(sourceHeight * ratio, centred, input.Height);
        if (!centred) return new(0, 0, width, height, sourceWidth, sourceHeight);
        // An odd rest puts the picture up and left by a half: round(rest - 0.1) in the original.
        return new((input.Width - width) / 2, (input.Height - height) / 2, width, height, sourceWidth, sourceHeight);
    }

    /// <summary>A box in pixels of the input as a box in pixels of the picture; it may reach over its edges.</summary>
    public Box ToSource(in Box box)
    {
        float x = (float)SourceWidth / Width, y = (float)SourceHeight / Height;
        return new Box((box.Left - Left) * x, (box.Top - Top) * y, (box.Right - Left) * x, (box.Bottom - Top) * y);
    }

    static int Size(double exact, bool round, int most) =>
        Math.Clamp((int)(round ? Math.Round(exact) : exact + 1e-6), 1, most);
}
