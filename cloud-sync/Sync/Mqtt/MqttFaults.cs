using System.Collections.Frozen;

namespace EdgeAppliance.CloudSync.Mqtt;

/// <summary>libmosquitto's results and MQTT 5's reason codes in words, and which of them no retry can help.</summary>
static class MqttFaults
{
    public const int OutOfMemory = 1;
    public const int NoConnection = 4;
    public const int ConnectionLost = 7;
    public const int PayloadSize = 9;
    public const int OversizePacket = 25;

    public const int PacketTooLarge = 0x95;

    static readonly FrozenDictionary<int, string> Results = new Dictionary<int, string>
    {
        [-1] = "the connection is not made yet",
        [0] = "no fault",
        [1] = "out of memory",
        [2] = "protocol fault: the other side does not speak MQTT 5",
        [3] = "invalid argument",
        [4] = "no connection",
        [5] = "the broker refused the connection",
        [6] = "not found",
        [7] = "the connection was lost",
        [8] = "TLS failed: the certificate is not trusted, or the other side speaks no TLS",
        [9] = "payload too large",
        [10] = "this libmosquitto was built without what is asked for",
        [11] = "authentication failed",
        [12] = "not allowed by the broker's access list",
        [13] = "unknown fault",
        [14] = "the system refused",
        [15] = "the host's name cannot be resolved",
        [16] = "proxy fault",
        [18] = "a string is not UTF-8",
        [19] = "no answer within the keep-alive time",
        [25] = "larger than the broker takes",
    }.ToFrozenDictionary();

    static readonly FrozenDictionary<int, string> Reasons = new Dictionary<int, string>
    {
        [0x80] = "unspecified fault",
        [0x81] = "malformed packet",
        [0x82] = "protocol error",
        [0x83] = "fault of the broker's own",
        [0x84] = "the broker does not speak MQTT 5",
        [0x85] = "the client's name is not valid",
        [0x86] = "wrong user name or password",
        [0x87] = "not authorized",
        [0x88] = "the broker is not available",
        [0x89] = "the broker is busy",
        [0x8a] = "banned",
        [0x8b] = "the broker is shutting down",
        [0x8c] = "wrong authentication method",
        [0x8d] = "keep-alive time-out",
        [0x8e] = "another client took over the session: mqtt.clientId must be this client's alone",
        [0x8f] = "topic filter not valid",
        [0x90] = "topic name not valid",
        [0x91] = "packet identifier in use",
        [0x93] = "more in flight than the broker takes",
        [0x95] = "packet too large",
        [0x96] = "message rate too high",
        [0x97] = "quota exceeded",
        [0x98] = "closed by the broker's administrator",
        [0x99] = "payload format not valid",
        [0x9c] = "use another server",
        [0x9d] = "the server has moved",
        [0x9f] = "connection rate exceeded",
    }.ToFrozenDictionary();

    /// <summary>
    /// What can never succeed on retry: the broker does not speak MQTT 5, or will never take this name or this way of
    /// signing in. A wrong password is not among them: it can be put right at the broker.
    /// </summary>
    static readonly FrozenSet<int> FinalReasons = new[] { 0x84, 0x85, 0x8c }.ToFrozenSet();

    /// <summary>Likewise of libmosquitto's own results: a bad argument, and a library without what is asked
    /// for.</summary>
    static readonly FrozenSet<int> FinalResults = new[] { 3, 10, 18 }.ToFrozenSet();

    public static string Describe(int result) =>
        Results.GetValueOrDefault(result) is { } text ? $"{text} ({result})" : $"libmosquitto fault {result}";

    public static string DescribeReason(int reason) =>
        Reasons.GetValueOrDefault(reason) is { } text ? $"{text} (0x{reason:x2})" : $"reason 0x{reason:x2}";

    public static bool IsFinalReason(int reason) => FinalReasons.Contains(reason);

    public static bool IsFinalResult(int result) => FinalResults.Contains(result);
}
