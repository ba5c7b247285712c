using System.Globalization;

namespace EdgeAppliance.Runtime.Settings;

/// <summary>Gathers the faults of one section, each in the settings file's own words.</summary>
sealed class FaultList : List<string>
{
    /// <summary>A fault unless the number lies in the range, both ends allowed. NaN lies in no range.</summary>
    public FaultList Range(string key, double value, double least, double most)
    {
        if (!(value >= least && value <= most))
        {
            Add(string.Create(CultureInfo.InvariantCulture, $"{key} is {value}: {least} to {most}"));
        }

        return this;
    }

    /// <summary>A share or a probability: 0 to 1.</summary>
    public FaultList Unit(string key, double value) => Range(key, value, 0, 1);

    /// <summary>A fault when <paramref name="isWrong"/>.</summary>
    public FaultList If(bool isWrong, FormattableString fault)
    {
        if (isWrong) Add(fault.ToString(CultureInfo.InvariantCulture));
        return this;
    }
}
