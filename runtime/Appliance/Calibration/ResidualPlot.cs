using System.Text;

namespace EdgeAppliance.Runtime.Calibration;

/// <summary>Residuals as an SVG: an arrow from where something should be to where it is, drawn larger.</summary>
static class ResidualPlot
{
    const int Width = 720, Margin = 48;

    /// <summary>So many arrows tell it; a walk has thousands.</summary>
    const int ArrowsMax = 300;

    /// <param name="arrows">from and to, in the plot's unit; to less from is the residual</param>
    /// <param name="times">residuals are drawn so many times as long</param>
    public static void Write(
        string file, string title, string unit, IReadOnlyList<(double X, double Y, double Dx, double Dy)> arrows,
        IReadOnlyList<(string Name, double X, double Y)> names, bool isUpward, double times)
    {
        double left = arrows.Select(a => a.X).Concat(names.Select(n => n.X)).DefaultIfEmpty(0).Min();
        double right = arrows.Select(a => a.X).Concat(names.Select(n => n.X)).DefaultIfEmpty(1).Max();
        double low = arrows.Select(a => a.Y).Concat(names.Select(n => n.Y)).DefaultIfEmpty(0).Min();
        double high = arrows.Select(a => a.Y).Concat(names.Select(n => n.Y)).DefaultIfEmpty(1).Max();
        double scale = (Width - (2 * Margin)) / Math.Max(1e-9, right - left);
        int height = (int)Math.Clamp(((high - low) * scale) + (2 * Margin), 200, 1200);
        double X(double x) => Margin + ((x - left) * scale);
        double Y(double y) => isUpward ? height - Margin - ((y - low) * scale) : Margin + ((y - low) * scale);
        var text = new StringBuilder();
        Add(text, $"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {Width} {height}' font-family='sans-serif'");
        Add(text, $" font-size='12'><rect width='100%' height='100%' fill='#fff'/>");
        Add(text, $"<text x='{Margin}' y='20' font-size='14'>{title}</text>");
        Add(text, $"<text x='{Margin}' y='36' fill='#666'>{unit}; residuals drawn {times:G3} times as long</text>");
        int stride = Math.Max(1, arrows.Count / ArrowsMax);
        for (int i = 0; i < arrows.Count; i += stride)
        {
            var (x, y, dx, dy) = arrows[i];
            double ex = X(x + (dx * times)), ey = Y(y + (dy * times));
            Add(text, $"<line x1='{X(x):F1}' y1='{Y(y):F1}' x2='{ex:F1}' y2='{ey:F1}' stroke='#c8553d'/>");
            Add(text, $"<circle cx='{X(x):F1}' cy='{Y(y):F1}' r='1.5' fill='#0b6e4f'/>");
        }

        foreach (var (name, x, y) in names)
        {
            Add(text, $"<rect x='{X(x) - 4:F1}' y='{Y(y) - 4:F1}' width='8' height='8' fill='#3a6ea5'/>");
            Add(text, $"<text x='{X(x) + 8:F1}' y='{Y(y) - 6:F1}'>{Escaped(name)}</text>");
        }

        Add(text, $"</svg>");
        File.WriteAllText(file, text.ToString());
    }

    static string Escaped(string name) => name.Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal);

    static void Add(StringBuilder text, FormattableString line) => text.AppendLine(FormattableString.Invariant(line));
}
