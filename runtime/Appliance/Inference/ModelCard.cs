using System.Collections.Immutable;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>How the numbers of a picture lie in the model's input.</summary>
enum TensorLayout { Nchw, Nhwc }

/// <summary>The order of the colour planes.</summary>
enum ColourOrder { Rgb, Bgr }

/// <summary>How a picture of another size is made to fit.</summary>
enum ResizeRule
{
    /// <summary>Same aspect, picture at the top left, the rest filled with the pad value; sizes rounded down.</summary>
    LetterboxTopLeft,

    /// <summary>Same aspect, picture in the middle; sizes rounded to the nearest.</summary>
    LetterboxCentred,

    /// <summary>Stretched to the input's size, aspect given up.</summary>
    Stretch,
}

/// <summary>What a model wants to be fed: <c>(value x scale - mean) / deviation</c>, values from 0 to 255.</summary>
/// <param name="Name">of the model's input</param>
/// <param name="Width">pixels</param>
/// <param name="Height">pixels</param>
/// <param name="Mean">three numbers in the order of the planes, after scaling</param>
/// <param name="Deviation">three numbers in the order of the planes</param>
/// <param name="Pad">what fills the rest of a letterbox, 0 to 255</param>
sealed record CardInput(
    string Name, TensorLayout Layout, int Width, int Height, ColourOrder Colour, float Scale,
    ImmutableArray<float> Mean, ImmutableArray<float> Deviation, ResizeRule Resize, float Pad)
{
    readonly (int Width, int Height)? _native;

    /// <summary>
    /// The size that the model was made for, pixels: what it tells as a part of the picture is a part of this one,
    /// whatever size it runs at.
    /// </summary>
    public (int Width, int Height) Native { get => _native ?? (Width, Height); init => _native = value; }
}

/// <summary>What a model answers with.</summary>
/// <param name="Head">the name of a reader in <see cref="Heads"/></param>
/// <param name="Names">the model's outputs in the head's order; empty: as the model lists them</param>
/// <param name="Strides">pixels a grid cell, for heads on several grids; empty for others</param>
sealed record CardOutput(string Head, ImmutableArray<string> Names, ImmutableArray<int> Strides);

/// <param name="Score">a detection below it is not told, 0 to 1</param>
/// <param name="NmsIou">of two boxes of one class that overlap more, only the better is told, 0 to 1</param>
sealed record CardThresholds(float Score, float NmsIou);

/// <summary>Where a model came from.</summary>
/// <param name="Source">who made it, with the version</param>
/// <param name="Licence">its SPDX name, or words</param>
/// <param name="Training">how and on what it was trained</param>
sealed record CardProvenance(string Source, string Licence, string Training);

/// <summary>What must be known of a model to use it: <c>model.json</c> beside <c>model.onnx</c>.</summary>
/// <param name="Sha256">of the ONNX file, lower-case hex</param>
/// <param name="Task"><c>detect</c></param>
sealed record ModelCard(
    string Name, string Sha256, string Task, CardInput Input, CardOutput Output, ImmutableArray<string> Classes,
    CardThresholds Thresholds, CardProvenance Provenance)
{
    public const string DetectTask = "detect";
}
