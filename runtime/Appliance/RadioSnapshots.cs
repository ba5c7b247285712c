using System.Collections.Immutable;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Runtime.Status;

namespace EdgeAppliance.Runtime;

/// <summary>What the radios are at.</summary>
static class RadioSnapshots
{
    public static ImmutableArray<RadioStatus> Of(ImmutableArray<IRadio> radios) => [.. radios.Select(RadioOf)];

    static RadioStatus RadioOf(IRadio radio)
    {
        var live = radio as LiveRadio;
        var counts = radio.Counts;
        return new RadioStatus(
            radio.Name, live is null ? null : WordOf(live.State), counts.Observations, counts.Malformed,
            counts.Overrun, live?.LastHeardAge?.TotalSeconds, live?.Reconnects ?? 0, live?.LastFault);
    }

    static string WordOf(RadioState state) => state switch
    {
        RadioState.Opening => "opening",
        RadioState.Running => "listening",
        RadioState.Lost => "lost",
        _ => "given up",
    };
}
