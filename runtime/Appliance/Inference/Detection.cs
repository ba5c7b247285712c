using System.Collections.Immutable;
using System.Numerics;
using EdgeAppliance.Drivers.Memory;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>An axis-parallel box in pixels of the frame; right and bottom are not inside.</summary>
readonly record struct Box(float Left, float Top, float Right, float Bottom)
{
    public float Width => Right - Left;

    public float Height => Bottom - Top;

    public float Area => MathF.Max(0, Width) * MathF.Max(0, Height);

    public Vector2 Centre => new((Left + Right) / 2, (Top + Bottom) / 2);

    /// <summary>Middle of the lower edge: where a standing thing meets the ground.</summary>
    public Vector2 Foot => new((Left + Right) / 2, Bottom);

    /// <summary>The area both cover.</summary>
    public float SharedWith(in Box other)
    {
        float width = MathF.Min(Right, other.Right) - MathF.Max(Left, other.Left);
        float height = MathF.Min(Bottom, other.Bottom) - MathF.Max(Top, other.Top);
        return width <= 0 || height <= 0 ? 0 : width * height;
    }

    /// <summary>Intersection over union, 0 to 1.</summary>
    public float IouWith(in Box other)
    {
        float shared = SharedWith(other);
        return shared <= 0 ? 0 : shared / (Area + other.Area - shared);
    }

    /// <summary>The same place in a picture that is so many times as wide and as high.</summary>
    public Box Times(float x, float y) => new(Left * x, Top * y, Right * x, Bottom * y);

    /// <summary>The part inside a picture of that size.</summary>
    public Box ClampTo(int width, int height) => new(
        Math.Clamp(Left, 0, width), Math.Clamp(Top, 0, height),
        Math.Clamp(Right, 0, width), Math.Clamp(Bottom, 0, height));
}

/// <summary>What the detector saw: a box, the class's index on the model's card, a score from 0 to 1.</summary>
readonly record struct Detection(Box Box, int Class, float Score);

/// <summary>A frame and what the detector saw in it, best score first. The frame's lease travels inside.</summary>
/// <param name="Model">the SHA-256 of the model that looked, first 12 hex digits</param>
readonly record struct Detected(Frame Frame, ImmutableArray<Detection> Detections, string Model) : IDisposable
{
    /// <summary>Below the score that is told, best first: they only go on with tracks.</summary>
    public ImmutableArray<Detection> Weak { get; init; } = [];

    /// <summary>Version of the knobs' setting it was looked at under; 0 without knobs.</summary>
    public long Setting { get; init; }

    /// <summary>Looked at in full quality, be it that no knob is turned or that this frame bypassed them.</summary>
    public bool IsFull { get; init; } = true;

    /// <summary>
    /// Of a frame that bypassed the knobs: what would have been shown for it under them; null for all others.
    /// </summary>
    public ImmutableArray<Detection>? Shown { get; init; }

    public void Dispose() => Frame.Dispose();
}
