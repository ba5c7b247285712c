using System.Globalization;
using System.Numerics;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Bench;

/// <summary>Tables of times and places, as recordings hold them, read whole.</summary>
static class Recording
{
    /// <summary>
    /// Rows of time and place in the order of the file; rows that are cut or hold anything but numbers are left out
    /// and counted.
    /// </summary>
    /// <param name="secondsPerUnit">of the time column</param>
    public static List<TimedPlace> Read(
        string path, char separator, int time, (int X, int Y, int Z) place, double secondsPerUnit, out int unread)
    {
        unread = 0;
        var rows = new List<TimedPlace>();
        foreach (string line in File.ReadLines(path).Skip(1))
        {
            string[] cells = line.Split(separator);
            if (TryNumber(cells, time, out double at) && TryNumber(cells, place.X, out double x)
                && TryNumber(cells, place.Y, out double y) && TryNumber(cells, place.Z, out double z))
                rows.Add(new TimedPlace(at * secondsPerUnit, new Vector3((float)x, (float)y, (float)z)));
            else if (line.Length > 0) unread++;
        }

        return rows;
    }

    /// <summary>
    /// Truth without what no body does: places farther than 0.15 m from the median of the 31 around them, which are
    /// markers mistaken for each other.
    /// </summary>
    public static TimedPlace[] WithoutGlitches(IReadOnlyList<TimedPlace> places)
    {
        const int half = 15;
        var clean = TimedPlaces.Cleaned([.. places]);
        var kept = new List<TimedPlace>(clean.Length);
        var xs = new float[(2 * half) + 1];
        var ys = new float[(2 * half) + 1];
        for (int i = 0; i < clean.Length; i++)
        {
            for (int k = -half; k <= half; k++)
            {
                var near = clean[Math.Clamp(i + k, 0, clean.Length - 1)].Place;
                (xs[k + half], ys[k + half]) = (near.X, near.Y);
            }

            Array.Sort(xs);
            Array.Sort(ys);
            if (Flat(clean[i].Place - new Vector3(xs[half], ys[half], 0)) < 0.15) kept.Add(clean[i]);
        }

        return [.. kept];
    }

    public static double Flat(Vector3 place) => Math.Sqrt((place.X * place.X) + (place.Y * place.Y));

    /// <summary>The same places with times that are off by so much.</summary>
    public static TimedPlace[] Shifted(IEnumerable<TimedPlace> places, double byS) =>
        [.. places.Select(place => place with { AtS = place.AtS + byS })];

    static bool TryNumber(string[] cells, int index, out double value)
    {
        value = 0;
        return index < cells.Length
            && double.TryParse(cells[index], NumberStyles.Float, CultureInfo.InvariantCulture, out value)
            && double.IsFinite(value);
    }
}
