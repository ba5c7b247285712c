using System.Globalization;
using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>Whether the radios of the settings open, and whether anything is heard.</summary>
static class RadioChecks
{
    /// <summary>A beacon says something once a second, a module ten times.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    public static async Task<IReadOnlyList<Finding>> RunAsync(ApplianceSettings settings, CancellationToken stop)
    {
        if (settings.Site.Radios.IsDefaultOrEmpty)
            return settings.Site.Tags is null ? [Finding.NotSet("radio", "site.radios or --radio says which")] : [];
        try
        {
            // A radio that the appliance has open may refuse a second reader: the finding says so in its own words.
            using var radios = Radioset.Open(settings.Site with { Tags = null }, null, MonoTime.Now,
                NullLogger.Instance);
            if (settings.Site.Registry is { } registry) radios.Use(TagRegistry.Load(registry));
            long began = TimeProvider.System.GetTimestamp();
            while (radios.Each.Any(IsWaitedFor) && TimeProvider.System.GetElapsedTime(began) < Patience)
                await Task.Delay(Look, stop);
            return [.. radios.Each.Select(FindingOf)];
        }
        catch (Exception fault) when (fault is DeviceException or IOException or InvalidDataException)
        {
            return [Finding.Fault("radio", fault.Message, "check site.radios and the site's registry")];
        }
    }

    static bool IsWaitedFor(IRadio radio) =>
        radio is LiveRadio { State: RadioState.Opening or RadioState.Running, Counts.Observations: 0 };

    static Finding FindingOf(IRadio radio)
    {
        if (radio is not LiveRadio live) return Finding.Ok("radio", $"{radio.Name}: can be used");
        if (live.State != RadioState.Running)
            return Finding.Fault("radio", live.LastFault ?? $"{live.Name} does not open", "check cable and port");
        return live.Counts.Observations > 0
            ? Finding.Ok("radio", string.Create(CultureInfo.InvariantCulture,
                $"{live.Name}: {live.Counts.Observations} readings"))
            : Finding.Fault("radio", $"{live.Name} is open, and nothing of the registry is heard in "
                + $"{Patience.TotalSeconds} s", "bring a tag near, and check the identities in site.registry");
    }
}
