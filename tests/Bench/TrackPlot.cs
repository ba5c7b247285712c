using System.Globalization;
using System.Numerics;
using System.Text;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Bench;

/// <summary>A run on the floor as an SVG: truth, fixes with what they say of their error, anchors.</summary>
static class TrackPlot
{
    const int Width = 900, Margin = 40;

    /// <summary>An ellipse every so many fixes: of one deviation.</summary>
    const int EllipseEvery = 40;

    public static void Write(string file, RecordedTag run, IReadOnlyList<Fix> fixes)
    {
        double t0 = fixes[0].At.Seconds, t1 = fixes[^1].At.Seconds;
        Vector2[] truth = [.. run.Truth.Where(point => point.T >= t0 && point.T <= t1)
            .Select(point => new Vector2(point.AtM.X, point.AtM.Y))];
        Vector2[] anchors = [.. run.Stations.Select(at => new Vector2(at.PositionM.X, at.PositionM.Y))];
        Vector2[] all = [.. truth, .. fixes.Select(fix => fix.PositionM), .. anchors];
        Vector2 least = all.Aggregate(Vector2.Min), most = all.Aggregate(Vector2.Max);
        float scale = (Width - (2 * Margin)) / (most.X - least.X);
        float height = ((most.Y - least.Y) * scale) + (2 * Margin) + 24;
        Vector2 On(Vector2 at) => new(Margin + ((at.X - least.X) * scale), Margin + ((most.Y - at.Y) * scale));
        var text = new StringBuilder();
        Line(text, $"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {Width} {height:F0}'");
        Line(text, $" font-family='sans-serif' font-size='12'><rect width='100%' height='100%' fill='#fff'/>");
        for (int metres = 0; metres <= most.X; metres += 10)
        {
            var at = On(new Vector2(metres, least.Y));
            Line(text, $"<line x1='{at.X:F1}' x2='{at.X:F1}' y1='{Margin}' y2='{at.Y:F1}' stroke='#eee'/>");
            Line(text, $"<text x='{at.X:F1}' y='{at.Y + 16:F1}' text-anchor='middle'>{metres} m</text>");
        }

        for (int i = 0; i < fixes.Count; i += EllipseEvery)
            Ellipse(text, On(fixes[i].PositionM), fixes[i].Covariance, scale);
        Path(text, truth.Select(On), "#333", 1.2);
        Path(text, fixes.Select(fix => On(fix.PositionM)), "#c8553d", 1.6);
        foreach (var anchor in anchors)
        {
            var at = On(anchor);
            Line(text, $"<rect x='{at.X - 3:F1}' y='{at.Y - 3:F1}' width='6' height='6' fill='#0b6e4f'/>");
        }

        Line(text, $"<text x='{Margin}' y='20'>{run.Name}: <tspan fill='#333'>truth (RTK)</tspan>,");
        Line(text, $"<tspan fill='#c8553d'>fixes, with ellipses of one stated deviation</tspan>,");
        Line(text, $"<tspan fill='#0b6e4f'>anchors</tspan></text></svg>");
        File.WriteAllText(file, text.ToString());
    }

    static void Ellipse(StringBuilder text, Vector2 at, in Covariance2 c, float scale)
    {
        double half = (c.Xx + c.Yy) / 2, apart = Math.Sqrt(Math.Pow((c.Xx - c.Yy) / 2, 2) + (c.Xy * c.Xy));
        double turned = -Math.Atan2(2 * c.Xy, c.Xx - c.Yy) / 2 * 180 / Math.PI;
        double wide = scale * Math.Sqrt(half + apart), narrow = scale * Math.Sqrt(Math.Max(0, half - apart));
        Line(text, $"<ellipse rx='{wide:F1}' ry='{narrow:F1}' fill='#c8553d' fill-opacity='.15'");
        Line(text, $" transform='translate({at.X:F1} {at.Y:F1}) rotate({turned:F1})'/>");
    }

    static void Path(StringBuilder text, IEnumerable<Vector2> points, string colour, double width)
    {
        string all = string.Join(' ', points.Select(at => FormattableString.Invariant($"{at.X:F1},{at.Y:F1}")));
        Line(text, $"<polyline points='{all}' fill='none' stroke='{colour}' stroke-width='{width}'/>");
    }

    static void Line(StringBuilder text, FormattableString line) =>
        text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
}
