using EdgeAppliance.CloudSync.Contract;
using EdgeAppliance.CloudSync.Mqtt;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.CloudSync;

/// <summary>One thing the link's thread tells the courier's task: a receipt, a new connection, or a broker's answer.
/// </summary>
readonly record struct CourierNews(Receipt? Receipt, bool IsConnected, int Publication, Answer Answer, string Reason);

/// <summary>Stands on the link's thread and hands over; drops, counted, rather than wait: what is dropped is sent
/// again.
/// </summary>
sealed partial class CourierListener(Func<CourierNews, bool> bring, Action ring, ILogger log) : IMqttListener
{
    long _badReceipts;
    long _droppedReceipts;

    public long BadReceipts => Interlocked.Read(ref _badReceipts);

    public long DroppedReceipts => Interlocked.Read(ref _droppedReceipts);

    public void Connected() => bring(new CourierNews(null, true, 0, Answer.Taken, ""));

    public void Lost(string why) => ring();

    public void Arrived(string topic, ReadOnlyMemory<byte> payload)
    {
        try
        {
            var receipt = SampleFrame.ReadReceipt(payload.Span);
            if (!bring(new CourierNews(receipt, false, 0, Answer.Taken, "")))
                Interlocked.Increment(ref _droppedReceipts);
        }
        catch (SampleFormatException fault)
        {
            long times = Interlocked.Increment(ref _badReceipts);
            if ((times & (times - 1)) == 0) BadReceipt(log, topic, fault.Message, times);
        }
    }

    public void Answered(int publication, Answer answer, string reason) =>
        bring(new CourierNews(null, false, publication, answer, reason));

    [LoggerMessage(5101, LogLevel.Warning, "a message on {Topic} is no receipt: {Fault} (time {Times})")]
    static partial void BadReceipt(ILogger log, string topic, string fault, long times);
}
