using System.Globalization;
using System.Numerics;
using System.Text;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Radio;

namespace EdgeAppliance.Drivers.Twin;

/// <summary>
/// A small simulated site seen by one camera: a yard with a road, people and vehicles. Everything is a pure function
/// of name, seed and time: what is drawn, who is where, which tag hears what. Safe for several threads.
/// </summary>
public sealed unsafe class TwinWorld
{
    public const string PersonClass = "person";
    public const string VehicleClass = "vehicle";

    /// <summary>In the id plane: something that stands in the way. 0 is nobody.</summary>
    const byte Thing = 255;

    const byte White = 255;

    static readonly string[] AllNames = ["yard", "yard-dusk"];

    readonly Site _site;
    readonly Daylight _light;
    readonly Backdrop _backdrop;
    readonly Sensor _grain;
    readonly ulong _seed;
    readonly Canvas _canvas;
    readonly Sketch _drawn;
    readonly Lock _drawing = new();
    readonly ConvexRaster _raster;
    readonly Sketch _traced;
    readonly byte[] _ids;
    readonly Lock _tracing = new();

    TwinWorld(string name, int seed, int width, int height)
    {
        Name = name;
        Seed = seed;
        Format = new FrameFormat(width, height, ColourRange.Limited, ColourMatrix.Bt709);
        _seed = Seeded.Mix((ulong)seed, 0x79617264);
        _site = new Site(_seed, width, height);
        _light = new Daylight(name == "yard-dusk", _seed);
        Actors = Traffic.Of(_site, _seed);
        _backdrop = new Backdrop(_site, _light.IsDusk, _seed);
        _grain = new Sensor(_light.At(default).NoiseDeviation, Seeded.Mix(_seed, 5));
        _canvas = new Canvas(width, height);
        _drawn = new Sketch(_site.Lens);
        _raster = new ConvexRaster(width, height);
        _traced = new Sketch(_site.Lens);
        _ids = new byte[width * height];
        ShadeProps();
        Stations = RadioPlan.Stations(_site);
        Tags = RadioPlan.Tags(this);
    }

    /// <summary>The worlds there are.</summary>
    public static IReadOnlyList<string> Names => AllNames;

    public string Name { get; }

    public int Seed { get; }

    /// <summary>Of the frames it draws.</summary>
    public FrameFormat Format { get; }

    internal IReadOnlyList<Actor> Actors { get; }

    internal Site Site => _site;

    /// <param name="name">one of <see cref="Names"/></param>
    /// <param name="width">pixels, even, 64 to 4096</param>
    /// <exception cref="ArgumentException">no such world or size; says which there are</exception>
    public static TwinWorld Create(string name, int seed, int width = 1280, int height = 720)
    {
        if (!AllNames.Contains(name))
        {
            throw new ArgumentException($"twin world '{name}': one of {string.Join(", ", AllNames)}", nameof(name));
        }

        if (width is < 64 or > 4096 || height is < 64 or > 4096 || ((width | height) & 1) != 0)
        {
            throw new ArgumentException($"twin size {width}x{height}: even numbers from 64 to 4096", nameof(width));
        }

        return new TwinWorld(name, seed, width, height);
    }

    /// <summary>Draws the frame of a time: I420, limited range, BT.709.</summary>
    /// <param name="t">since the world began; any, also before</param>
    /// <param name="luma">Width x Height</param>
    /// <param name="blue">half of both, likewise <paramref name="red"/></param>
    public void Render(TimeSpan t, Span<byte> luma, Span<byte> blue, Span<byte> red) =>
        Render(t, luma, blue, red, without: null, isClean: false);

    /// <inheritdoc cref="Render(TimeSpan, Span{byte}, Span{byte}, Span{byte})"/>
    public void Render(TimeSpan t, in Frame into) => Render(t, into.Luma, into.ChromaBlue, into.ChromaRed);

    /// <param name="without">this actor is left out</param>
    /// <param name="isClean">
    /// on white, without shadows, exposure or noise: every pixel an actor covers differs, since no paint is white
    /// </param>
    internal void Render(TimeSpan t, Span<byte> luma, Span<byte> blue, Span<byte> red, int? without, bool isClean)
    {
        if (luma.Length != Format.LumaBytes || blue.Length != Format.ChromaBytes || red.Length != Format.ChromaBytes)
        {
            throw new ArgumentException($"planes of {luma.Length}, {blue.Length}, {red.Length} bytes: want {Format}");
        }

        lock (_drawing)
        {
            if (isClean) luma.Fill(White);
            else _backdrop.Luma.CopyTo(luma);
            _backdrop.Blue.CopyTo(blue);
            _backdrop.Red.CopyTo(red);
            fixed (byte* y = luma, u = blue, v = red)
            {
                if (!isClean) ShadeActors(t, y);
                _drawn.Clear();
                foreach (var figure in Figures(t, _drawn))
                {
                    if (figure.Id != without) _canvas.Draw(_drawn, figure.First, figure.Count, y, u, v);
                }
            }
        }

        if (isClean) return;
        var exposure = _light.At(t);
        ulong draw = Seeded.Mix(_seed, (ulong)t.Ticks);
        int chromaNeutral = 128 - exposure.ChromaGain;
        _grain.Expose(luma, Format.Width, exposure.LumaGain, exposure.LumaOffset, true, draw);
        _grain.Expose(blue, Format.ChromaWidth, exposure.ChromaGain, chromaNeutral + exposure.BlueOffset, false, 0);
        _grain.Expose(red, Format.ChromaWidth, exposure.ChromaGain, chromaNeutral + exposure.RedOffset, false, 0);
    }

    /// <summary>Everybody of whom at least one pixel shows at a time, nearest last.</summary>
    public IReadOnlyList<TwinTruth> TruthAt(TimeSpan t)
    {
        var truth = new List<TwinTruth>();
        lock (_tracing)
        {
            Array.Clear(_ids);
            _traced.Clear();
            var figures = Figures(t, _traced);
            var wholes = new Trace[256];
            fixed (byte* ids = _ids)
            {
                foreach (var figure in figures)
                {
                    var sink = new IdSink(ids, Format.Width, figure.Id);
                    for (int i = figure.First; i < figure.First + figure.Count; i++)
                    {
                        _raster.Fill(_traced.Points(_traced[i]), ref sink);
                    }

                    if (figure.Id != Thing) wholes[figure.Id] = sink.Whole;
                }
            }

            foreach (var figure in figures)
            {
                if (figure.Id == Thing || wholes[figure.Id].Pixels == 0) continue;
                var seen = Visible(figure.Id, wholes[figure.Id]);
                if (seen.Pixels == 0) continue;
                var actor = figure.Actor!;
                truth.Add(new TwinTruth(
                    actor.Id, actor.Class, seen.Box, wholes[figure.Id].Box,
                    seen.Pixels / (double)wholes[figure.Id].Pixels,
                    new Vector3(actor.Way.Stance(t.TotalSeconds).PositionM, 0), actor.Tag));
            }
        }

        return truth;
    }

    /// <summary>The camera's intrinsics and pose as the appliance's geometry file has them.</summary>
    public string GeometryJson()
    {
        var lens = _site.Lens;
        var move = new Vector3(
            -Vector3.Dot(lens.Right, lens.PositionM), -Vector3.Dot(lens.Down, lens.PositionM),
            -Vector3.Dot(lens.Forward, lens.PositionM));
        return string.Create(CultureInfo.InvariantCulture, $$"""
            {
              "version": 1,
              "name": "twin-{{Name}}-{{Seed}}",
              "image": { "width": {{Format.Width}}, "height": {{Format.Height}} },
              "camera": {
                "fx": {{lens.FocalPx}}, "fy": {{lens.FocalPx}}, "cx": {{lens.CentrePx.X}}, "cy": {{lens.CentrePx.Y}},
                "distortion": [0, 0, 0, 0, 0]
              },
              "cameraFromWorld": {
                "rotation": [{{Row(lens.Right)}}, {{Row(lens.Down)}}, {{Row(lens.Forward)}}],
                "translationM": {{Row(move)}}
              }
            }

            """);
        static string Row(Vector3 v) => string.Create(CultureInfo.InvariantCulture, $"[{v.X:R}, {v.Y:R}, {v.Z:R}]");
    }

    /// <summary>
    /// Tags with the class of what carries them, and where anchors and scanners stand, as the registry file.
    /// </summary>
    public string RegistryJson()
    {
        var text = new StringBuilder("{\n  \"version\": 1,\n  \"tags\": [\n");
        var tags = Tags.Select(tag => $"    {{ \"tag\": \"{tag.Name}\", \"class\": \"{tag.Class}\" }}");
        text.AppendJoin(",\n", tags).Append("\n  ],\n  \"stations\": [\n");
        text.AppendJoin(",\n", Stations.Select(at => string.Create(
            CultureInfo.InvariantCulture,
            $"    {{ \"id\": \"{at.Id}\", \"xM\": {at.PositionM.X:F3}, \"yM\": {at.PositionM.Y:F3}, "
            + $"\"zM\": {at.PositionM.Z:F3} }}")));
        return text.Append("\n  ]\n}\n").ToString();
    }

    /// <summary>Anchors (UWB ranges, A1 to A6) and scanners (BLE power, S1 to S6).</summary>
    public IReadOnlyList<Station> Stations { get; }

    internal IReadOnlyList<TwinTag> Tags { get; }

    /// <summary>Where a tag's antenna is, or null when the tag is none of this world.</summary>
    public Vector3? TagPositionM(string tag, TimeSpan t)
    {
        foreach (var known in Tags) if (known.Name == tag) return known.PositionM(t);
        return null;
    }

    void ShadeProps()
    {
        fixed (byte* luma = _backdrop.Luma)
        {
            _drawn.Clear();
            foreach (var prop in _site.Props)
            {
                if (!_light.IsDusk) prop.DrawShadow(_drawn, Daylight.ShadowM);
                Contact(_drawn, prop.AtM, prop.RoomM * .62f);
            }

            _canvas.Shade(_drawn, 0, _drawn.Count, _light.IsDusk ? .3f : _light.ShadowDepth, luma);
        }
    }

    void ShadeActors(TimeSpan t, byte* luma)
    {
        foreach (var actor in Actors)
        {
            var stance = actor.Way.Stance(t.TotalSeconds);
            if (IsFarOff(stance)) continue;
            _drawn.Clear();
            Contact(_drawn, stance.PositionM, actor.Person is null ? .2f : .24f);
            if (!_light.IsDusk)
            {
                actor.Person?.DrawShadow(_drawn, stance, Daylight.ShadowM);
                actor.Vehicle?.DrawShadow(_drawn, stance, Daylight.ShadowM);
            }
            else actor.Vehicle?.DrawShadow(_drawn, stance, default);

            _canvas.Shade(_drawn, 0, _drawn.Count, _light.IsDusk ? .38f : _light.ShadowDepth, luma);
        }
    }

    /// <summary>The dark spot where something meets the ground.</summary>
    static void Contact(Sketch shadows, Vector2 at, float radiusM)
    {
        Span<Vector3> rim = stackalloc Vector3[10];
        for (int i = 0; i < rim.Length; i++)
        {
            var (sin, cos) = MathF.SinCos(i * 2 * MathF.PI / rim.Length);
            rim[i] = new Vector3(at.X + (radiusM * cos), at.Y + (radiusM * sin), 0);
        }

        shadows.Silhouette(rim, default, Vector2.One);
    }

    bool IsFarOff(in Stance stance) =>
        stance.PositionM.X < _site.LeftM(stance.PositionM.Y) - 6 ||
        stance.PositionM.X > _site.RightM(stance.PositionM.Y) + 6;

    /// <summary>Actors and props as parts of the sketch, farthest first.</summary>
    List<Figure> Figures(TimeSpan t, Sketch sketch)
    {
        var order = new List<(float Depth, Actor? Actor, Prop? Prop, Stance Stance)>(Actors.Count + _site.Props.Count);
        foreach (var prop in _site.Props) order.Add((_site.Lens.DepthM(new Vector3(prop.AtM, 0)), null, prop, default));
        foreach (var actor in Actors)
        {
            var stance = actor.Way.Stance(t.TotalSeconds);
            if (IsFarOff(stance)) continue;
            order.Add((_site.Lens.DepthM(new Vector3(stance.PositionM, 0)), actor, null, stance));
        }

        order.Sort(static (a, b) => b.Depth.CompareTo(a.Depth));
        var figures = new List<Figure>(order.Count);
        foreach (var (_, actor, prop, stance) in order)
        {
            int first = sketch.Count;
            var at = prop?.AtM ?? stance.PositionM;
            float lit = _light.IsDusk ? .66f + (.8f * _site.LampLight(at.X, at.Y)) : 1;
            prop?.Draw(sketch, lit);
            actor?.Person?.Draw(sketch, stance, lit);
            actor?.Vehicle?.Draw(sketch, stance, lit);
            figures.Add(new Figure(actor is null ? Thing : (byte)actor.Id, actor, first, sketch.Count - first));
        }

        return figures;
    }

    Trace Visible(byte id, in Trace whole)
    {
        var seen = Trace.Empty;
        for (int y = whole.Box.Top; y < whole.Box.Bottom; y++)
        {
            var row = _ids.AsSpan((y * Format.Width) + whole.Box.Left, whole.Box.Width);
            int first = row.IndexOf(id);
            if (first < 0) continue;
            seen.Add(whole.Box.Left + first, whole.Box.Left + row.LastIndexOf(id), y, row.Count(id));
        }

        return seen;
    }

    readonly record struct Figure(byte Id, Actor? Actor, int First, int Count);

    /// <summary>Pixels and the box round them.</summary>
    struct Trace
    {
        public static Trace Empty => new() { Box = new TwinBox(int.MaxValue, int.MaxValue, 0, 0) };

        public TwinBox Box { get; private set; }

        public int Pixels { get; private set; }

        public void Add(int first, int last, int y, int pixels)
        {
            Pixels += pixels;
            Box = new TwinBox(
                Math.Min(Box.Left, first), Math.Min(Box.Top, y), Math.Max(Box.Right, last + 1),
                    Math.Max(Box.Bottom, y + 1));
        }
    }

    /// <summary>
    /// Writes who is seen; counts what an actor would show alone, since its parts are drawn in a row.
    /// </summary>
    struct IdSink(byte* ids, int width, byte id) : ISpanSink
    {
        Trace _whole = Trace.Empty;

        public readonly Trace Whole => _whole;

        public void Full(int y, int from, int to)
        {
            var row = new Span<byte>(ids + (y * width) + from, to - from);
            int known = row.Count(id);
            if (known == row.Length) return;
            row.Fill(id);
            _whole.Add(from, to - 1, y, row.Length - known);
        }

        public void Edge(int y, int x, int coverage)
        {
            byte* pixel = ids + (y * width) + x;
            if (coverage < 128 || *pixel == id) return;
            *pixel = id;
            _whole.Add(x, x, y, 1);
        }
    }
}
