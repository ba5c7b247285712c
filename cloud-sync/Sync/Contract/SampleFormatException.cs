namespace EdgeAppliance.CloudSync.Contract;

/// <summary>Bytes that are no sample or no receipt: the message says where and why.</summary>
public sealed class SampleFormatException : Exception
{
    public SampleFormatException() { }

    public SampleFormatException(string message) : base(message) { }

    public SampleFormatException(string message, Exception inner) : base(message, inner) { }

    /// <summary>True when a newer program wrote it: this one must be brought up to date; the bytes are kept till then.
    /// </summary>
    public bool IsNewer { get; init; }
}
