namespace EdgeAppliance.Drivers;

/// <summary>
/// A fault of the world: a device gone, a native call refused. The supervisor at the edge deals with it.
/// </summary>
public sealed class DeviceException : Exception
{
    /// <param name="device">what a person would call the device, without secrets: <c>rtsp://10.0.0.7/live</c></param>
    /// <param name="call">the call that was refused, as its own manual spells it: <c>avformat_open_input</c></param>
    /// <param name="reason">what it answered, with the number</param>
    public DeviceException(string device, string call, string reason)
        : base($"{device}: {call}: {reason}")
    {
        Device = device;
        Call = call;
        Reason = reason;
    }

    public DeviceException(string device, string call, string reason, Exception inner)
        : base($"{device}: {call}: {reason}", inner)
    {
        Device = device;
        Call = call;
        Reason = reason;
    }

    public string Device { get; }

    public string Call { get; }

    public string Reason { get; }

    /// <summary>True when no retry can help (no such codec, no such file, a refused format).</summary>
    public bool IsFinal { get; init; }
}
