using EdgeAppliance.CloudSync;
using EdgeAppliance.CloudSync.Contract;
using EdgeAppliance.CloudSync.Mqtt;
using EdgeAppliance.CloudSync.Spool;

namespace EdgeAppliance.Tests.Unit;

public sealed class CourierTests : IAsyncLifetime, IDisposable
{
    // Only a failure waits so long: a machine whose neighbours take the cores for seconds must not be one.
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    static readonly CourierOptions Quick = new()
    {
        Device = "gate-3",
        InFlightMax = 2,
        ReceiptTimeout = TimeSpan.FromMilliseconds(100),
        ReceiptTimeoutMax = TimeSpan.FromMilliseconds(200),
    };

    readonly ScratchFolder _folder = new();
    readonly ListLog _log = new();
    readonly MemoryLink _link = new();
    readonly CancellationTokenSource _stop = new();
    readonly SampleSpool _spool;
    Courier? _courier;
    Task _carrying = Task.CompletedTask;

    public CourierTests() =>
        _spool = SampleSpool.Open(
            _folder.File("spool.db"), new SpoolOptions { DiskReserveBytes = 0, BallastBytes = 0 }, _log);

    public Task InitializeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_sample_is_forgotten_on_its_receipt_and_on_nothing_else()
    {
        var id = Store(1);
        Run(Quick with { ReceiptTimeout = TimeSpan.FromMinutes(1), ReceiptTimeoutMax = TimeSpan.FromMinutes(1) });
        await Until(() => _link.Published.Count == 1);
        Assert.Equal(["edge/v1/gate-3/receipts"], _link.Subscriptions.AsEnumerable());
        var (_, topic, payload) = _link.Published.Single();
        Assert.Equal("edge/v1/gate-3/samples", topic);
        Assert.Equal(id, SampleFrame.Read(payload, out _).Id);

        await Task.Delay(50); // the broker has answered: that is no receipt
        Assert.Equal(1, _spool.Counts.Pending);
        Receive(new Receipt(1, id, Verdict.Stored, null));
        await Until(() => _spool.Counts is { Pending: 0, Acknowledged: 1 });
        Assert.Equal(1, _courier!.Counts.Published);
    }

    [Fact]
    public async Task A_duplicate_is_as_good_as_stored_and_a_refused_sample_is_set_aside()
    {
        var (first, second) = (Store(1), Store(2));
        Run(Quick);
        await Until(() => _link.Published.Count >= 2);
        Receive(new Receipt(1, first, Verdict.Duplicate, null));
        Receive(new Receipt(1, second, Verdict.Refused, "no JPEG"));
        await Until(() => _spool.Counts is { Pending: 0, Acknowledged: 1, Refused: 1 });
        Assert.Contains(_log.Lines, line => line.Text.Contains("no JPEG", StringComparison.Ordinal));
    }

    [Fact]
    public async Task No_more_than_the_window_is_under_way()
    {
        foreach (int seed in Enumerable.Range(0, 5)) Store(seed);
        Run(Quick with { ReceiptTimeout = TimeSpan.FromMinutes(1), ReceiptTimeoutMax = TimeSpan.FromMinutes(1) });
        await Until(() => _link.Published.Count == 2);
        await Task.Delay(50);
        Assert.Equal(2, _link.Published.Count);
        Assert.Equal(2, _courier!.Counts.InFlight);
        Receive(new Receipt(1, Id(0), Verdict.Stored, null));
        await Until(() => _link.Published.Count == 3);
    }

    [Fact]
    public async Task Without_a_receipt_in_time_it_is_sent_again()
    {
        var id = Store(1);
        Run(Quick);
        await Until(() => _link.Published.Count >= 3);
        Assert.All(_link.Published, one => Assert.Equal(id, SampleFrame.ReadId(one.Payload)));
        Assert.True(_courier!.Counts is { Published: 1, Resent: >= 2 });
        Assert.Equal(1, _spool.Counts.Pending);
    }

    [Fact]
    public async Task While_the_broker_has_not_answered_no_copy_is_added()
    {
        _link.IsAnswering = false;
        Store(1);
        Run(Quick);
        await Until(() => _link.Published.Count == 1);
        await Task.Delay(200); // two time-outs; the answer counts as missed after four
        Assert.Single(_link.Published);
    }

    [Fact]
    public async Task A_sample_nobody_answers_does_not_hold_up_the_others_for_ever()
    {
        foreach (int seed in Enumerable.Range(0, 6)) Store(seed);
        Run(Quick);
        await Until(() => _link.Published.Select(one => SampleFrame.ReadId(one.Payload)).Distinct().Count() == 6);
        Assert.Equal(6, _spool.Counts.Pending);
    }

    [Fact]
    public async Task After_an_outage_it_goes_on()
    {
        Run(Quick);
        await Until(() => _link.Listener is not null);
        _link.Lose();
        var id = Store(1);
        await Task.Delay(100);
        Assert.Empty(_link.Published);
        _link.Connect();
        await Until(() => !_link.Published.IsEmpty);
        Receive(new Receipt(1, id, Verdict.Stored, null));
        await Until(() => _spool.Counts.Pending == 0);
    }

    [Fact]
    public async Task What_is_larger_than_the_broker_takes_is_set_aside_and_said()
    {
        _link.Accept = payload => payload.Length > 5000 ? Delivery.TooLarge : Delivery.Accepted;
        Store(1, 10_000);
        var small = Store(2);
        Run(Quick);
        await Until(() => _spool.Counts.Refused == 1 && !_link.Published.IsEmpty);
        Assert.Equal(small, SampleFrame.ReadId(_link.Published.First().Payload));
        Assert.True(_log.Has(5006));
    }

    [Fact]
    public async Task What_the_broker_itself_calls_too_large_is_set_aside_and_another_refusal_is_tried_again()
    {
        _link.IsAnswering = false;
        Store(1);
        Store(2);
        Run(Quick);
        await Until(() => _link.Published.Count == 2);
        _link.Listener!.Answered(1, Answer.TooLarge, "packet too large (0x95)");
        _link.Listener.Answered(2, Answer.Refused, "not authorized (0x87)");
        await Until(() => _spool.Counts is { Refused: 1, Pending: 1 } && _link.Published.Count >= 3);
    }

    [Fact]
    public async Task A_message_that_is_no_receipt_is_counted_and_changes_nothing()
    {
        Store(1);
        Run(Quick);
        await Until(() => _link.Listener is not null);
        _link.Listener!.Arrived("edge/v1/gate-3/receipts", "{"u8.ToArray());
        _link.Listener.Arrived("edge/v1/gate-3/receipts", """{"version":1,"id":"x","verdict":1}"""u8.ToArray());
        await Until(() => _courier!.Counts.BadReceipts == 2);
        Assert.Equal(1, _spool.Counts.Pending);
    }

    [Fact]
    public async Task A_receipt_for_a_thinned_sample_is_counted_as_late()
    {
        Run(Quick);
        await Until(() => _link.Listener is not null);
        Receive(new Receipt(1, SampleId.New(), Verdict.Stored, null));
        await Until(() => _spool.LateReceipts == 1);
        Assert.Equal(0, _spool.Counts.Acknowledged);
    }

    [Fact]
    public async Task A_link_that_gave_up_ends_the_courier_with_the_reason()
    {
        _link.Fault = "the broker does not speak MQTT 5 (0x84)";
        _courier = new Courier(_spool, _link, Quick, _log);
        var carrying = _courier.RunAsync(_stop.Token);
        await Until(() => _link.Listener is not null);
        _link.State = LinkState.Failed;
        _link.Listener!.Lost(_link.Fault);
        var fault = await Assert.ThrowsAsync<IOException>(() => carrying);
        Assert.Equal(_link.Fault, fault.Message);
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _carrying.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        _courier?.Dispose();
        _link.Dispose();
        _spool.Dispose();
        _stop.Dispose();
        _folder.Dispose();
    }

    void Run(CourierOptions options)
    {
        _courier = new Courier(_spool, _link, options, _log);
        _carrying = _courier.RunAsync(_stop.Token);
    }

    SampleId Store(int seed) => Store(seed, 500);

    SampleId Store(int seed, int bytes)
    {
        var (sample, image) = MadeUpSample.Make(new Random(seed), "gate-3", bytes);
        Assert.Equal(StoreOutcome.Stored, _spool.Store(sample, image).Outcome);
        return sample.Id;
    }

    SampleId Id(int published) => SampleFrame.ReadId(_link.Published.ElementAt(published).Payload)!.Value;

    void Receive(Receipt receipt) =>
        _link.Listener!.Arrived("edge/v1/gate-3/receipts", SampleFrame.WriteReceipt(receipt));

    static async Task Until(Func<bool> holds)
    {
        long until = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (!holds())
        {
            Assert.True(Environment.TickCount64 < until, $"it did not happen within {Patience}");
            await Task.Delay(5);
        }
    }
}
