namespace EdgeAppliance.Drivers.Radio;

/// <summary>A parser whose module says where its anchors stand.</summary>
interface IStationFinder
{
    /// <summary>
    /// The anchors told of so far, in the module's frame, metres. A new list when one is added or moved; may be read
    /// from any thread.
    /// </summary>
    IReadOnlyList<Station> Stations { get; }
}
