using System.Globalization;
using System.Text;

namespace EdgeAppliance.Bench;

/// <summary>Accuracy against cost as an SVG: one line a way of choosing, one dot a price.</summary>
static class TradeOffPlot
{
    const int Width = 420, Height = 320, Left = 56, Right = 12, Top = 28, Bottom = 44;

    static readonly string[] Colours = ["#0b6e4f", "#c8553d", "#7a6c5d", "#e0a100", "#3a6ea5", "#9b5de5", "#b0b0b0"];

    /// <param name="runs">who, and by price: F1, and bytes and milliseconds as parts of the dearest setting's</param>
    public static void Write(
        string file, IReadOnlyList<(string Who, IReadOnlyList<(double F1, double Bytes, double Ms)> Points)> runs)
    {
        var text = new StringBuilder();
        double f1Min = Math.Floor(20 * runs.SelectMany(r => r.Points).Min(p => p.F1)) / 20;
        Line(text, $"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {2 * Width} {Height + 24 * runs.Count}'");
        Line(text, $" font-family='sans-serif' font-size='12'><rect width='100%' height='100%' fill='#fff'/>");
        Panel(text, 0, "bytes sent, part of the dearest setting's", f1Min, [.. runs.Select(r => (r.Who,
            r.Points.Select(p => (p.Bytes, p.F1)).ToList()))]);
        Panel(text, Width, "inference time with probes, part of the dearest setting's", f1Min, [.. runs.Select(r =>
            (r.Who, r.Points.Select(p => (p.Ms, p.F1)).ToList()))]);
        for (int i = 0; i < runs.Count; i++)
        {
            int y = Height + 12 + 22 * i;
            Line(text, $"<line x1='{Left}' x2='{Left + 24}' y1='{y}' y2='{y}' stroke='{Colour(i)}' stroke-width='3'/>");
            Line(text, $"<text x='{Left + 32}' y='{y + 4}'>{runs[i].Who}</text>");
        }

        Line(text, $"</svg>");
        File.WriteAllText(file, text.ToString());
    }

    static void Panel(
        StringBuilder text, int at, string title, double f1Min,
        List<(string Who, List<(double X, double F1)> Points)> runs)
    {
        const double XMax = 1.05;
        double X(double x) => at + Left + (Width - Left - Right) * Math.Clamp(x, 0, XMax) / XMax;
        double Y(double f1) => Top + (Height - Top - Bottom) * (1 - f1) / (1 - f1Min);
        for (double f1 = f1Min; f1 < 1.001; f1 += 0.05)
        {
            Line(text, $"<line x1='{X(0):F1}' x2='{X(XMax):F1}' y1='{Y(f1):F1}' y2='{Y(f1):F1}' stroke='#ddd'/>");
            Line(text, $"<text x='{X(0) - 6:F1}' y='{Y(f1) + 4:F1}' text-anchor='end'>{f1:F2}</text>");
        }

        const int Under = Height - Bottom + 16;
        foreach (double part in new[] { 0, .2, .4, .6, .8, 1 })
            Line(text, $"<text x='{X(part):F1}' y='{Under}' text-anchor='middle'>{part:F1}</text>");
        Line(text, $"<text x='{X(XMax / 2):F1}' y='{Height - Bottom + 34}' text-anchor='middle'>{title}</text>");
        Line(text, $"<text x='{X(0):F1}' y='{Top - 10}'>F1</text>");
        for (int i = 0; i < runs.Count; i++)
        {
            string points = string.Join(' ', runs[i].Points.Select(p => FormattableString.Invariant(
                $"{X(p.X):F1},{Y(p.F1):F1}")));
            Line(text, $"<polyline points='{points}' fill='none' stroke='{Colour(i)}' stroke-width='2'/>");
            foreach (var (x, f1) in runs[i].Points)
                Line(text, $"<circle cx='{X(x):F1}' cy='{Y(f1):F1}' r='4' fill='{Colour(i)}'/>");
        }
    }

    static string Colour(int number) => Colours[number % Colours.Length];

    static void Line(StringBuilder text, FormattableString line) =>
        text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
