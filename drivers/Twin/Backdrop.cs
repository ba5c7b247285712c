using System.Numerics;

namespace EdgeAppliance.Drivers.Twin;

/// <summary>
/// What never moves, painted once a world: ground, road, markings, building and sky, one ray a pixel. Full-scale
/// luma and two quarter planes of chroma, before exposure and noise.
/// </summary>
sealed class Backdrop
{
    readonly Site _site;
    readonly ulong _seed;
    readonly bool _isDusk;
    readonly Vector3 _ground;
    readonly Vector3 _road;
    readonly Vector3 _wall;
    readonly Vector3 _doors;
    readonly float _slabM;
    readonly bool _isBrick;
    readonly float _crossingX;
    readonly float _wallHeightM;

    public Backdrop(Site site, bool isDusk, ulong seed)
    {
        _site = site;
        _isDusk = isDusk;
        _seed = Seeded.Mix(seed, 7);
        var seeded = new Seeded(_seed);
        float grey = seeded.Between(125, 165);
        _ground = new Vector3(
            grey + seeded.Between(-4, 12), grey + seeded.Between(-4, 5), grey - seeded.Between(0, 16));
        float dark = seeded.Between(82, 108);
        _road = new Vector3(dark, dark + 1, dark + seeded.Between(0, 6));
        _isBrick = seeded.Chance(.5f);
        _wall = _isBrick
            ? new Vector3(seeded.Between(130, 165), seeded.Between(85, 105), seeded.Between(70, 88))
            : new Vector3(seeded.Between(120, 170), seeded.Between(135, 170), seeded.Between(140, 180));
        _doors = new Vector3(seeded.Between(60, 110), seeded.Between(70, 110), seeded.Between(80, 130));
        _slabM = seeded.Between(2.4f, 4);
        _crossingX = seeded.Between(-6, 6);
        _wallHeightM = seeded.Between(5, 8);
        Paint();
    }

    public byte[] Luma { get; private set; } = [];

    public byte[] Blue { get; private set; } = [];

    public byte[] Red { get; private set; } = [];

    void Paint()
    {
        int width = _site.Lens.Width, height = _site.Lens.Height, halfWidth = (width + 1) / 2;
        Luma = new byte[width * height];
        Blue = new byte[halfWidth * ((height + 1) / 2)];
        Red = new byte[Blue.Length];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                var colour = At(x + .5f, y + .5f);
                var paint = Twin.Paint.Rgb(colour.X, colour.Y, colour.Z);
                Luma[(y * width) + x] = paint.Luma;
                if (((x | y) & 1) != 0) continue;
                Blue[(y / 2 * halfWidth) + (x / 2)] = paint.Blue;
                Red[(y / 2 * halfWidth) + (x / 2)] = paint.Red;
            }
        }
    }

    Vector3 At(float px, float py)
    {
        var lens = _site.Lens;
        var ray = lens.RayThrough(px, py);
        var from = lens.PositionM;
        if (ray.Z < 0)
        {
            float reach = from.Z / -ray.Z;
            var hit = from + (ray * reach);
            if (hit.Y < _site.WallM)
            {
                // Metres of ground a pixel row covers: finer texture than that would flicker.
                float footprintM = reach * reach / (from.Z * lens.FocalPx);
                return Ground(hit.X, hit.Y, footprintM);
            }
        }

        float toWall = (_site.WallM - from.Y) / ray.Y;
        var wall = from + (ray * toWall);
        return wall.Z < _wallHeightM ? Wall(wall.X, wall.Z, toWall / lens.FocalPx) : Sky(ray);
    }

    Vector3 Sky(Vector3 ray)
    {
        float up = ray.Z / ray.Y;
        float cloud = Texture.Fractal(ray.X / ray.Y * 6, up * 18, 2.5f, .02f, _seed + 40);
        var blue = Vector3.Lerp(new Vector3(200, 212, 224), new Vector3(150, 180, 215), Math.Clamp(up * 6, 0, 1));
        var sky = Vector3.Lerp(blue, new Vector3(232, 233, 234), Math.Clamp(.4f + cloud, 0, 1));
        return _isDusk ? sky * new Vector3(.85f, .7f, .72f) : sky;
    }

    Vector3 Wall(float x, float z, float footprintM)
    {
        var colour = _wall * (1 + (.12f * Texture.Fractal(x, z, 1.8f, footprintM, _seed + 20)));
        if (_isBrick)
        {
            float course = z / .25f, row = MathF.Floor(course);
            float brick = (x / .6f) + (.5f * (row % 2));
            colour *= 1 + (.1f * Texture.Value(MathF.Floor(brick) * 7.1f, row * 3.3f, _seed + 21));
            colour *= 1 - (.18f * Stripe(course - row, .1f, footprintM / .25f));
        }
        else colour *= 1 + (.07f * MathF.Sin(x * 2 * MathF.PI / .4f) * Math.Clamp(.25f / footprintM * .1f, 0, 1));

        float bay = Fold(x, 7);
        if (z < 3.2f && MathF.Abs(bay) < 1.6f)
        {
            colour = _doors * (1 - (.22f * Stripe(z / .3f - MathF.Floor(z / .3f), .15f, footprintM / .3f)));
            if (MathF.Abs(MathF.Abs(bay) - 1.55f) < .08f) colour = new Vector3(190, 170, 60);
        }
        else if (z is > 3.7f and < 4.7f && MathF.Abs(Fold(x + 1.2f, 2.4f)) < .75f)
        {
            bool isLit = _isDusk && Texture.Value(MathF.Floor((x + 2.4f) / 2.4f) * 5.7f, 2, _seed + 22) > .1f;
            colour = isLit ? new Vector3(255, 226, 150) * 1.35f : new Vector3(88, 104, 118);
        }

        // Darker towards the ground, as walls are.
        colour *= .82f + (.18f * Math.Clamp(z / 2, 0, 1));
        return _isDusk ? colour * (.8f + (.7f * _site.LampLight(x, _site.WallM))) : colour;
    }

    Vector3 Ground(float x, float y, float footprintM)
    {
        bool isRoad = y > _site.RoadNearM && y < _site.RoadFarM;
        float rough = Texture.Fractal(x, y, 1.6f, footprintM, _seed + 1);
        float grain = Texture.Fractal(x, y, .09f, footprintM, _seed + 9);
        float stain = Texture.Fractal(x, y * .8f, 5, footprintM, _seed + 15);
        var colour = isRoad ? _road : _ground;
        colour *= 1 + (.09f * rough) + (.2f * grain) + (.12f * stain);
        if (isRoad)
        {
            float lane = (_site.RoadNearM + _site.RoadFarM) / 2;
            float dash = x - (MathF.Floor(x / 3) * 3) < 1.6f ? 1 : 0;
            Mark(Stripe(y - lane, .12f, footprintM) * dash);
            Mark(Stripe(y - _site.RoadNearM - .25f, .12f, footprintM));
            Mark(Stripe(y - _site.RoadFarM + .25f, .12f, footprintM));
            if (MathF.Abs(x - _crossingX) < 1.6f) Mark(.85f * Stripe(Fold(y - _site.RoadNearM, 1.1f), .5f, footprintM));
            // Where tyres run it is darker.
            foreach (float track in (ReadOnlySpan<float>)[.9f, 2.4f, 4.2f, 5.7f])
            {
                colour *= 1 - (.07f * Stripe(y - _site.RoadNearM - track, .4f, footprintM));
            }
        }
        else
        {
            float seam = Stripe(Fold(x, _slabM), .035f, footprintM * .4f) + Stripe(Fold(y, _slabM), .035f, footprintM);
            colour *= 1 - (.3f * MathF.Min(1, seam));
            if (y > _site.RoadFarM && y < _site.FarM + 1 && MathF.Abs(Fold(x, 5)) < .06f + (footprintM * .3f))
            {
                colour = Vector3.Lerp(colour, new Vector3(214, 176, 52), .7f);
            }

            float kerb = MathF.Min(MathF.Abs(y - _site.RoadNearM), MathF.Abs(y - _site.RoadFarM));
            if (kerb < .18f) colour = new Vector3(188, 186, 180) * (1 + (.1f * rough));
        }

        return _isDusk ? colour * (.62f + (1.05f * _site.LampLight(x, y))) : colour;

        void Mark(float cover) =>
            colour = Vector3.Lerp(colour, new Vector3(222, 220, 210), Math.Clamp(cover, 0, 1) * (.82f + (.3f * rough)));
    }

    /// <summary>Distance to the nearest multiple of a period, signed.</summary>
    static float Fold(float at, float period) => at - (MathF.Round(at / period) * period);

    /// <summary>How much of a pixel a stripe about 0 covers.</summary>
    static float Stripe(float at, float width, float footprint)
    {
        float soft = MathF.Max(footprint, .01f);
        float edge = (((width / 2) - MathF.Abs(at)) / soft) + .5f;
        return Math.Clamp(edge, 0, 1) * MathF.Min(1, width / soft);
    }
}
