using System.Numerics;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Runtime.Calibration;

/// <summary>Received powers joined with where their tag was.</summary>
static class PowerTables
{
    /// <summary>
    /// <c>powers.csv</c> (t_s,scanner,tag,rssi_dbm) at the places of a walk. What was heard while the tag's place is
    /// not known is left out.
    /// </summary>
    /// <param name="heightM">of the tag over the floor</param>
    public static List<HeardPower> Read(string powers, WalkTables walk, double heightM, List<string> faults)
    {
        var heard = new List<HeardPower>();
        if (CsvTable.Read(powers, ["t_s", "scanner", "tag", "rssi_dbm"], faults) is not { } table) return heard;
        for (int row = 0; row < table.Count; row++)
        {
            string scanner = table.Name(row, "scanner"), tag = table.Name(row, "tag");
            if (table.Number(row, "t_s") is not { } t || table.Number(row, "rssi_dbm") is not { } dbm) continue;
            if (dbm is < -127 or > 20)
                table.Fault(row, FormattableString.Invariant($"rssi_dbm is {dbm}: -127 to 20"));
            else if (walk.Tags.Contains(tag) && walk.PlaceAt(tag, t) is { } at)
                heard.Add(new HeardPower(scanner, new Vector3((float)at.X, (float)at.Y, (float)heightM), dbm));
        }

        if (heard.Count == 0 && faults.Count == 0)
            faults.Add($"{powers}: no reading of a tag whose place is known at that time");
        return heard;
    }
}
