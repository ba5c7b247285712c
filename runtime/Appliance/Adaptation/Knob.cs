using System.Collections.Immutable;
using System.Globalization;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>A knob: its ladder, and how it may be moved.</summary>
/// <param name="Floor">the cheapest rung while nothing is seen</param>
/// <param name="RestS">seconds between two moves, for what is dear to change</param>
abstract record Knob(Ladder Ladder, int Floor, int RestS)
{
    public string Name => Ladder.Knob;
}

/// <param name="Rungs">what each rung means, the dearest first</param>
sealed record Knob<T>(string Called, ImmutableArray<T> Rungs, int Floor, int RestS = 1)
    : Knob(
        new Ladder(Called, [.. Rungs.Select(r => Convert.ToString(r, CultureInfo.InvariantCulture)!)]), Floor, RestS);

/// <summary>Where all knobs stand. Immutable; a later one has a higher version.</summary>
readonly record struct KnobSetting(long Version, ImmutableArray<int> Rungs);

/// <summary>The setting in force: published whole, read by every stage once a frame.</summary>
sealed class KnobBoard(KnobSetting first)
{
    sealed record Held(KnobSetting Setting);

    volatile Held _now = new(first);

    public KnobSetting Now => _now.Setting;

    public void Publish(KnobSetting setting)
    {
        if (setting.Version < Now.Version)
            throw new ArgumentException($"setting {setting.Version} is older than {Now.Version}");
        if (setting.Version > Now.Version) _now = new Held(setting);
    }
}
