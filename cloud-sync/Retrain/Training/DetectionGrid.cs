namespace EdgeAppliance.Retrain.Training;

/// <summary>A box in input pixels with what is known of it.</summary>
/// <param name="Visibility">the part of it that shows, 0 to 1</param>
readonly record struct LabelledBox(
    float Left, float Top, float Right, float Bottom, int Class, float Visibility)
{
    public float Area => (Right - Left) * (Bottom - Top);
}

/// <summary>An input's size and the cells that answer for it: those of stride 8 row by row, then 16, then 32.</summary>
/// <param name="Width">pixels, a multiple of 32</param>
/// <param name="Height">pixels, a multiple of 32</param>
sealed record DetectionGrid(int Width, int Height)
{
    public static IReadOnlyList<int> Strides { get; } = [8, 16, 32];

    /// <summary>Planes of colour.</summary>
    public const int Planes = 3;

    public int Pixels => Width * Height;

    /// <summary>Cells of all strides.</summary>
    public int Cells => Strides.Sum(s => Width / s * (Height / s));

    /// <summary>Column, row and stride of every cell in output order.</summary>
    public IEnumerable<(int X, int Y, int Stride)> Places()
    {
        foreach (int stride in Strides)
        {
            for (int y = 0; y < Height / stride; y++)
                for (int x = 0; x < Width / stride; x++) yield return (x, y, stride);
        }
    }
}
