using System.Collections.Concurrent;
using System.Collections.Immutable;
using EdgeAppliance.CloudSync.Mqtt;

namespace EdgeAppliance.Tests.Unit;

/// <summary>A link without a broker: what is published lies in a queue, what arrives is put in by the test.</summary>
sealed class MemoryLink : IMqttLink
{
    int _publication;

    public LinkState State { get; set; } = LinkState.Idle;

    public string? Fault { get; set; }

    public LinkCounts Counts => default;

    public long? PacketBytesMax { get; set; }

    public ImmutableArray<string> Subscriptions { get; private set; }

    public IMqttListener? Listener { get; private set; }

    public ConcurrentQueue<(int Publication, string Topic, byte[] Payload)> Published { get; } = new();

    /// <summary>What becomes of the next messages.</summary>
    public Func<byte[], Delivery> Accept { get; set; } = _ => Delivery.Accepted;

    /// <summary>Whether the broker's answer comes at once.</summary>
    public bool IsAnswering { get; set; } = true;

    public void Start(ImmutableArray<string> subscriptions, IMqttListener listener)
    {
        (Subscriptions, Listener) = (subscriptions, listener);
        Connect();
    }

    public void Connect()
    {
        State = LinkState.Connected;
        Listener!.Connected();
    }

    public void Lose()
    {
        State = LinkState.Connecting;
        Listener!.Lost("pulled");
    }

    public Delivery Publish(string topic, ReadOnlySpan<byte> payload, out int publication)
    {
        publication = 0;
        if (State != LinkState.Connected) return Delivery.NotConnected;
        byte[] bytes = payload.ToArray();
        var delivery = Accept(bytes);
        if (delivery != Delivery.Accepted) return delivery;
        publication = Interlocked.Increment(ref _publication);
        Published.Enqueue((publication, topic, bytes));
        if (IsAnswering) Listener!.Answered(publication, Answer.Taken, "");
        return Delivery.Accepted;
    }

    public Delivery Stream(string topic, ReadOnlySpan<byte> payload)
    {
        if (State != LinkState.Connected) return Delivery.NotConnected;
        byte[] bytes = payload.ToArray();
        var delivery = Accept(bytes);
        if (delivery == Delivery.Accepted) Published.Enqueue((0, topic, bytes));
        return delivery;
    }

    public void Dispose() => State = LinkState.Closed;
}
