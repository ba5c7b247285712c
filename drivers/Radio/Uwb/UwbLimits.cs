namespace EdgeAppliance.Drivers.Radio.Uwb;

/// <summary>What a reading of these modules can be at all; beyond it bytes were damaged.</summary>
static class UwbLimits
{
    /// <summary>
    /// Ultra-wideband of this class reaches 300 m in the open at most (DW3000 data sheet: 100 m typical).
    /// </summary>
    public const double RangeMaxM = 1000;

    /// <summary>
    /// Two modules side by side read a little below zero where the antenna delay is set too long: taken for zero.
    /// </summary>
    public const double RangeMinM = -1;

    public static bool IsRange(double rangeM) => rangeM is >= RangeMinM and <= RangeMaxM;
}
