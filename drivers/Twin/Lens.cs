using System.Numerics;

namespace EdgeAppliance.Drivers.Twin;

/// <summary>
/// The twin's pinhole camera. World: metres, x right, y away from the camera, z up, ground z = 0. Camera: x right, y
/// down, z forward. A pixel (i, j) covers [i, i+1) x [j, j+1) of the image plane.
/// </summary>
sealed class Lens
{
    /// <summary>Nothing nearer is drawn: a projected radius grows without limit there.</summary>
    public const float NearestM = .8f;

    public Lens(Vector3 positionM, float pitchDown, float yaw, float focalPx, int width, int height)
    {
        PositionM = positionM;
        FocalPx = focalPx;
        Width = width;
        Height = height;
        CentrePx = new Vector2(width / 2f, height / 2f);
        var (sinPitch, cosPitch) = MathF.SinCos(pitchDown);
        var (sinYaw, cosYaw) = MathF.SinCos(yaw);
        Forward = new Vector3(sinYaw * cosPitch, cosYaw * cosPitch, -sinPitch);
        Right = new Vector3(cosYaw, -sinYaw, 0);
        Down = Vector3.Cross(Forward, Right);
    }

    public Vector3 PositionM { get; }

    public Vector3 Right { get; }

    public Vector3 Down { get; }

    public Vector3 Forward { get; }

    public float FocalPx { get; }

    public Vector2 CentrePx { get; }

    public int Width { get; }

    public int Height { get; }

    public float DepthM(Vector3 worldM) => Vector3.Dot(worldM - PositionM, Forward);

    /// <summary>Image point of a world point; null when it is behind the camera or too near.</summary>
    public Vector2? Project(Vector3 worldM)
    {
        var seen = worldM - PositionM;
        float depthM = Vector3.Dot(seen, Forward);
        if (depthM < NearestM) return null;
        return CentrePx + (new Vector2(Vector3.Dot(seen, Right), Vector3.Dot(seen, Down)) * (FocalPx / depthM));
    }

    /// <summary>Direction of the ray through an image point; not of unit length: one unit forward.</summary>
    public Vector3 RayThrough(float x, float y) =>
        Forward + (Right * ((x - CentrePx.X) / FocalPx)) + (Down * ((y - CentrePx.Y) / FocalPx));

    /// <summary>
    /// The ground point at distance <paramref name="y"/> that shows in image column <paramref name="px"/>.
    /// </summary>
    public float GroundX(float px, float y)
    {
        // Solved on the ground plane: both the depth and the offset to the right are linear in x.
        float slope = (px - CentrePx.X) / FocalPx;
        var at = new Vector3(0, y, 0) - PositionM;
        float right = Vector3.Dot(at, Right), depth = Vector3.Dot(at, Forward);
        return ((slope * depth) - right) / (Right.X - (slope * Forward.X));
    }
}
