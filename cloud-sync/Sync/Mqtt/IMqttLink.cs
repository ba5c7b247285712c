using System.Collections.Immutable;

namespace EdgeAppliance.CloudSync.Mqtt;

/// <summary>Where a link to a broker stands.</summary>
public enum LinkState
{
    /// <summary>Not started.</summary>
    Idle,

    /// <summary>Trying, or pausing before the next try.</summary>
    Connecting,

    /// <summary>Connected and subscribed.</summary>
    Connected,

    /// <summary>Given up: no retry can help; <see cref="IMqttLink.Fault"/> says why.</summary>
    Failed,

    /// <summary>Closed by us.</summary>
    Closed,
}

/// <summary>What became of a message handed to the link.</summary>
public enum Delivery
{
    /// <summary>The link has it and repeats it until the broker answers.</summary>
    Accepted,

    /// <summary>No connection now: nothing was kept.</summary>
    NotConnected,

    /// <summary>As many are unanswered as are allowed: nothing was kept.</summary>
    Busy,

    /// <summary>Larger than the broker takes: it never will be sent.</summary>
    TooLarge,
}

/// <summary>The broker's answer to a message.</summary>
public enum Answer
{
    /// <summary>The broker has it. It says nothing about anybody reading it.</summary>
    Taken,

    /// <summary>Larger than the broker takes.</summary>
    TooLarge,

    /// <summary>Refused for now (no right, quota): the reason is in words.</summary>
    Refused,
}

/// <param name="Connects">connections made, the first one too</param>
/// <param name="Losses">connections lost</param>
/// <param name="Failures">tries that made no connection</param>
/// <param name="Published">messages accepted for sending</param>
/// <param name="Arrived">messages received</param>
public readonly record struct LinkCounts(long Connects, long Losses, long Failures, long Published, long Arrived);

/// <summary>Told by the link's own thread: be quick, never throw.</summary>
public interface IMqttListener
{
    void Connected();

    void Lost(string why);

    /// <param name="payload">the listener's to keep</param>
    void Arrived(string topic, ReadOnlyMemory<byte> payload);

    void Answered(int publication, Answer answer, string reason);
}

/// <summary>A connection to an MQTT broker that is kept up for ever: QoS 1, one session over restarts.</summary>
public interface IMqttLink : IDisposable
{
    LinkState State { get; }

    /// <summary>Why the link gave up, in words; null while it has not.</summary>
    string? Fault { get; }

    LinkCounts Counts { get; }

    /// <summary>The largest packet the broker takes, bytes; null when it names none.</summary>
    long? PacketBytesMax { get; }

    /// <summary>Begins connecting; once only.</summary>
    void Start(ImmutableArray<string> subscriptions, IMqttListener listener);

    /// <summary>Hands over a message; never waits for the network.</summary>
    /// <param name="publication">names it in <see cref="IMqttListener.Answered"/>, which may come before this returns
    /// </param>
    Delivery Publish(string topic, ReadOnlySpan<byte> payload, out int publication);

    /// <summary>
    /// Sends a message at most once (QoS 0), for what is worth nothing later; never waits for the network.
    /// </summary>
    /// <returns><see cref="Delivery.Busy"/> while the network still works on those before it</returns>
    Delivery Stream(string topic, ReadOnlySpan<byte> payload);
}
