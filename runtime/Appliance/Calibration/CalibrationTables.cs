using System.Numerics;

namespace EdgeAppliance.Runtime.Calibration;

/// <summary>Reads what a calibration is worked out from; the formats are in docs/calibration.md.</summary>
static class CalibrationTables
{
    // A box ending this near the picture's edge ends there because the picture does.
    const double EdgePx = 2;

    /// <summary><c>detections.csv</c> of a run: boxes of a class that the picture does not cut.</summary>
    public static List<Sighting> Sightings(string path, string className, int width, int height, List<string> faults)
    {
        var sightings = new List<Sighting>();
        if (CsvTable.Read(path, ["t_s", "class", "left", "top", "right", "bottom"], faults) is not { } table)
            return sightings;
        for (int row = 0; row < table.Count; row++)
        {
            if (table.Text(row, "class") != className) continue;
            if (table.Number(row, "t_s") is not { } t || table.Number(row, "left") is not { } left
                || table.Number(row, "top") is not { } top || table.Number(row, "right") is not { } right
                || table.Number(row, "bottom") is not { } bottom) continue;
            double? track = table.NumberOrNone(row, "track");
            if (left <= EdgePx || right >= width - EdgePx || bottom >= height - EdgePx || bottom <= top) continue;
            // Box edges count from the pixel's corner, OpenCV from its middle.
            sightings.Add(new Sighting(t, ((left + right) / 2) - 0.5, bottom - 0.5, bottom - top, (int?)track));
        }

        if (sightings.Count == 0 && faults.Count == 0)
            faults.Add($"{path}: no box of class {className} that the picture does not cut");
        return sightings;
    }

    /// <summary>Fixes as <c>site.tags</c> takes them and a run writes them.</summary>
    public static List<(string Tag, TagPlace Place)> Places(string path, List<string> faults)
    {
        // What is not said is a UWB fix's ordinary error.
        const double UsualVarianceM2 = 0.04;
        var places = new List<(string, TagPlace)>();
        if (CsvTable.Read(path, ["t_s", "tag", "x_m", "y_m"], faults) is not { } table) return places;
        string both = table.Has("var_m2") ? "var_m2" : "var_x_m2";
        for (int row = 0; row < table.Count; row++)
        {
            if (table.Number(row, "t_s") is not { } t) continue;
            string tag = table.Name(row, "tag");
            if (table.NumberOrNone(row, "x_m") is not { } x || table.NumberOrNone(row, "y_m") is not { } y) continue;
            double varX = table.Has(both) ? table.NumberOrNone(row, both) ?? UsualVarianceM2 : UsualVarianceM2;
            double varY = table.Has("var_y_m2") ? table.NumberOrNone(row, "var_y_m2") ?? varX : varX;
            if (varX < 0 || varY < 0) table.Fault(row, "a variance is below 0");
            else places.Add((tag, new TagPlace(t, x, y, Math.Sqrt((varX + varY) / 2))));
        }

        return places;
    }

    /// <summary><c>u,v,x_m,y_m,z_m</c>: what somebody clicked, pixels from the picture's upper left corner.</summary>
    public static List<SeenPoint> Clicks(string path, List<string> faults)
    {
        // A hand clicks to about two pixels.
        const double ClickPx = 2;
        var points = new List<SeenPoint>();
        if (CsvTable.Read(path, ["u", "v", "x_m", "y_m"], faults) is not { } table) return points;
        for (int row = 0; row < table.Count; row++)
        {
            double z = table.Has("z_m") ? table.NumberOrNone(row, "z_m") ?? 0 : 0;
            if (table.Number(row, "u") is { } u && table.Number(row, "v") is { } v
                && table.Number(row, "x_m") is { } x && table.Number(row, "y_m") is { } y)
                points.Add(new SeenPoint(x, y, z, u - 0.5, v - 0.5, ClickPx, ClickPx));
        }

        return points;
    }

    /// <summary><c>from,to,range_m</c>: ranges between anchors, as many as there are of each pair.</summary>
    public static List<InterAnchorRange> Ranges(string path, List<string> faults)
    {
        var ranges = new List<InterAnchorRange>();
        if (CsvTable.Read(path, ["from", "to", "range_m"], faults) is not { } table) return ranges;
        for (int row = 0; row < table.Count; row++)
        {
            string from = table.Name(row, "from"), to = table.Name(row, "to");
            if (table.NumberOrNone(row, "range_m") is not { } range) continue;
            if (range <= 0) table.Fault(row, FormattableString.Invariant($"range_m is {range}: above 0"));
            else if (from == to) table.Fault(row, $"from and to are both '{from}'");
            else ranges.Add(new InterAnchorRange(from, to, range));
        }

        return ranges;
    }

    /// <summary>
    /// <c>id,x_m,y_m,z_m</c>: anchors with what is known of each: all three of a measured one, z only of the others.
    /// </summary>
    public static (Dictionary<string, Vector3> Surveyed, Dictionary<string, double> Heights) Anchors(
        string path, List<string> faults)
    {
        var surveyed = new Dictionary<string, Vector3>(StringComparer.Ordinal);
        var heights = new Dictionary<string, double>(StringComparer.Ordinal);
        if (CsvTable.Read(path, ["id", "z_m"], faults) is not { } table) return (surveyed, heights);
        var known = new HashSet<string>(StringComparer.Ordinal);
        for (int row = 0; row < table.Count; row++)
        {
            string id = table.Name(row, "id");
            if (!known.Add(id)) table.Fault(row, $"id is '{id}' again");
            double? x = table.NumberOrNone(row, "x_m"), y = table.NumberOrNone(row, "y_m");
            double? z = table.NumberOrNone(row, "z_m");
            if (z is { } height) heights[id] = height;
            if (x is null != y is null) table.Fault(row, "one of x_m and y_m is missing: both or none");
            else if (x is { } ax && y is { } ay && z is { } az)
                surveyed[id] = new Vector3((float)ax, (float)ay, (float)az);
            else if (x is not null) table.Fault(row, "z_m is missing of a measured anchor");
        }

        return (surveyed, heights);
    }
}
