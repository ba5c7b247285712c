using EdgeAppliance.CloudSync.Contract;

namespace EdgeAppliance.CloudSync;

/// <summary>How samples are sent.</summary>
public sealed record CourierOptions
{
    /// <summary>The appliance's name: a level of its topics.</summary>
    public string Device { get; init; } = "";

    /// <summary>Samples sent and without receipt, at most.</summary>
    public int InFlightMax { get; init; } = 8;

    /// <summary>Their bytes, at most; one sample is always let through.</summary>
    public long InFlightBytesMax { get; init; } = 32 << 20;

    /// <summary>A sample without a receipt after that time is sent again; the time doubles with each try.</summary>
    public TimeSpan ReceiptTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest such time.</summary>
    public TimeSpan ReceiptTimeoutMax { get; init; } = TimeSpan.FromMinutes(10);

    public IEnumerable<string> Faults()
    {
        if (Topics.DeviceNameFault(Device) is { } fault) yield return $"courier.device '{Device}' {fault}";
        if (InFlightMax is < 1 or > 256) yield return $"courier.inFlightMax is {InFlightMax}: 1 to 256";
        if (InFlightBytesMax < 1) yield return $"courier.inFlightBytesMax is {InFlightBytesMax}: at least 1";
        if (ReceiptTimeout < TimeSpan.FromMilliseconds(100))
            yield return $"courier.receiptTimeout is {ReceiptTimeout}: at least 0.1 second";
        if (ReceiptTimeoutMax < ReceiptTimeout)
            yield return $"courier.receiptTimeoutMax is {ReceiptTimeoutMax}: at least {ReceiptTimeout}";
    }
}
