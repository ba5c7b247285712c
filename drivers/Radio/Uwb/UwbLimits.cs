using System.Numerics;
using EdgeAppliance.Drivers.Timing;

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

    // Measured against motion capture in seven recordings of the module's own firmware (PANS): .35 to .45 s.
    static readonly TimeSpan Dwm1001Delay = TimeSpan.FromSeconds(.4);

    /// <summary>
    /// A position read from a DWM1001 now: of a while ago, for its firmware gives averages over about the last second.
    /// </summary>
    public static Observation OfDwm1001(MonoTime readAt, string tag, Vector3 positionM, double? quality) =>
        Observation.OfPosition(readAt - Dwm1001Delay, tag, positionM, null) with { Quality = quality };

    public static bool IsRange(double rangeM) => rangeM is >= RangeMinM and <= RangeMaxM;
}
