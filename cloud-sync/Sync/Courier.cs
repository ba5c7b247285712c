using System.Threading.Channels;
using EdgeAppliance.CloudSync.Contract;
using EdgeAppliance.CloudSync.Mqtt;
using EdgeAppliance.CloudSync.Spool;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.CloudSync;

/// <param name="Published">samples handed to the broker for the first time since this process began</param>
/// <param name="Resent">handed over again, for want of a receipt</param>
/// <param name="Receipts">receipts read</param>
/// <param name="BadReceipts">messages on the receipts topic that are none</param>
/// <param name="DroppedReceipts">receipts that came faster than they were worked off: their samples are sent
/// again</param>
/// <param name="InFlight">sent and without receipt now</param>
public readonly record struct CourierCounts(
    long Published, long Resent, long Receipts, long BadReceipts, long DroppedReceipts, int InFlight);

/// <summary>
/// Carries samples from the spool to the broker until the endpoint's receipt comes; only a receipt makes the spool
/// forget. What is sent twice is harmless: the sample's id tells.
/// </summary>
public sealed partial class Courier : IDisposable
{
    // Receipts and answers waiting for the courier's own task; far above what a window can cause.
    const int NewsMax = 1024;
    // A safety net only: every event rings the bell.
    static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(5);

    readonly SampleSpool _spool;
    readonly IMqttLink _link;
    readonly CourierOptions _options;
    readonly ILogger _log;
    readonly Channel<CourierNews> _news = Channel.CreateBounded<CourierNews>(NewsMax);
    readonly CourierListener _listener;
    readonly SemaphoreSlim _bell = new(0, 1);
    readonly Flights _flights;
    long _published, _resent, _receipts;
    int _inFlight;
    long _refusedAnswers;

    public Courier(SampleSpool spool, IMqttLink link, CourierOptions options, ILogger log)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Faults().FirstOrDefault() is { } fault) throw new ArgumentException(fault, nameof(options));
        (_spool, _link, _options, _log) = (spool, link, options, log);
        _flights = new Flights(options);
        _listener = new CourierListener(Bring, Ring, log);
    }

    /// <summary>Safe to read from any thread.</summary>
    public CourierCounts Counts => new(
        Interlocked.Read(ref _published), Interlocked.Read(ref _resent), Interlocked.Read(ref _receipts),
        _listener.BadReceipts, _listener.DroppedReceipts, Volatile.Read(ref _inFlight));

    /// <summary>Starts the link and carries until told to stop; once only. Stopping is a return, not an
    /// exception.</summary>
    /// <exception cref="IOException">the link gave up for good, or the spool is damaged</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        _spool.Arrived += Ring;
        try
        {
            _link.Start([Topics.Receipts(_options.Device)], _listener);
            while (!stop.IsCancellationRequested)
            {
                TakeNews();
                if (_link.State == LinkState.Failed) throw new IOException(_link.Fault);
                var next = _link.State == LinkState.Connected ? Send() : LongestSleep;
                await SleepAsync(next, stop).ConfigureAwait(false);
            }

            TakeNews();
        }
        finally
        {
            _spool.Arrived -= Ring;
        }
    }

    public void Dispose() => _bell.Dispose();

    async Task SleepAsync(TimeSpan time, CancellationToken stop)
    {
        try { await _bell.WaitAsync(time < LongestSleep ? time : LongestSleep, stop).ConfigureAwait(false); }
        catch (OperationCanceledException) when (stop.IsCancellationRequested) { }
    }

    void Ring()
    {
        // Two ringing at once may both find it silent: the second finds it full, which is as good.
        try { if (_bell.CurrentCount == 0) _bell.Release(); }
        catch (SemaphoreFullException) { }
    }

    bool Bring(CourierNews news)
    {
        bool isBrought = _news.Writer.TryWrite(news);
        Ring();
        return isBrought;
    }

    void TakeNews()
    {
        while (_news.Reader.TryRead(out var news))
        {
            if (news.Receipt is { } receipt) Take(receipt);
            else if (news.IsConnected) _flights.GiveTime(Now());
            else Take(news.Publication, news.Answer, news.Reason);
        }

        Volatile.Write(ref _inFlight, _flights.Count);
    }

    void Take(Receipt receipt)
    {
        Interlocked.Increment(ref _receipts);
        if (receipt.Verdict == Verdict.Refused)
            _spool.SetAside(receipt.Id, $"refused by the endpoint: {receipt.Reason}");
        else _spool.Forget(receipt.Id);
        _flights.Land(receipt.Id);
        _flights.Hurry(Now());
    }

    void Take(int publication, Answer answer, string reason)
    {
        if (_flights.Answered(publication) is not { } id) return;
        if (answer == Answer.TooLarge)
        {
            _spool.SetAside(id, $"larger than the broker takes: {reason}");
            _flights.Land(id);
        }
        else if (answer == Answer.Refused && ++_refusedAnswers is var times && (times & (times - 1)) == 0)
        {
            BrokerRefused(_log, id, reason, times);
        }
    }

    /// <summary>Sends what is due, then what is new; gives the time until something is due.</summary>
    TimeSpan Send()
    {
        foreach (var id in _flights.Due(Now()))
        {
            if (!Publish(id, 0)) return _options.ReceiptTimeout;
        }

        int room = _flights.Room;
        if (room > 0)
        {
            foreach (var sample in _spool.Pending(room, _flights.Ids))
            {
                if (!_flights.HasRoomFor(sample.Bytes) || !Publish(sample.Id, sample.Bytes)) break;
            }
        }

        Volatile.Write(ref _inFlight, _flights.Count);
        return _flights.UntilDue(Now()) ?? LongestSleep;
    }

    /// <returns>false when the link takes no more now</returns>
    bool Publish(SampleId id, int bytes)
    {
        if (_spool.Read(id) is not { } body)
        {
            _flights.Land(id); // thinned meanwhile
            return true;
        }

        byte[] payload = SampleFrame.Write(id, body.Json, body.Image);
        switch (_link.Publish(Topics.Samples(_options.Device), payload, out int publication))
        {
            case Delivery.Accepted:
                bool isFirst = _flights.Launch(id, bytes, publication, Now()) == 1;
                Interlocked.Increment(ref isFirst ? ref _published : ref _resent);
                return true;
            case Delivery.TooLarge:
                _spool.SetAside(id, $"{payload.Length} bytes: the broker takes {_link.PacketBytesMax} at most");
                _flights.Land(id);
                return true;
            default:
                return false;
        }
    }

    static TimeSpan Now() => TimeSpan.FromMilliseconds(Environment.TickCount64);

    [LoggerMessage(5102, LogLevel.Warning,
        "the broker refused sample {Id}: {Reason} (time {Times}); it stays in the spool and is tried again")]
    static partial void BrokerRefused(ILogger log, SampleId id, string reason, long times);
}
