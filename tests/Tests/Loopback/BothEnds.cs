using EdgeAppliance.CloudSync;
using EdgeAppliance.CloudSync.Mqtt;
using EdgeAppliance.CloudSync.Spool;
using EdgeAppliance.Retrain.Dataset;
using EdgeAppliance.Retrain.Ingest;
using EdgeAppliance.Tests.Unit;

namespace EdgeAppliance.Tests.Loopback;

/// <summary>A device's spool and courier and an endpoint's intake, in this process, over one broker.</summary>
sealed class BothEnds : IAsyncDisposable
{
    const string Device = "gate-3";

    readonly MosquittoLink _endpointLink;
    readonly Courier _courier;
    readonly CancellationTokenSource _stop = new();
    readonly Task _carrying;
    readonly Task _taking;
    int _seed;

    public BothEnds(ScratchFolder folder, int port, ListLog log, string? set = null, string? spool = null)
    {
        var mqtt = BrokerLinkTests.Quick(port);
        Spool = SampleSpool.Open(
            Path.Combine(spool ?? folder.Path, "spool.db"),
            new SpoolOptions { DiskReserveBytes = 0, BallastBytes = 0 }, log);
        DeviceLink = new MosquittoLink(mqtt with { ClientId = Device }, log);
        _courier = new Courier(
            Spool, DeviceLink,
            new CourierOptions { Device = Device, ReceiptTimeout = TimeSpan.FromMilliseconds(500) }, log);
        Set = DataSetFolder.Open(set ?? folder.File("set"), log);
        _endpointLink = new MosquittoLink(mqtt with { ClientId = "endpoint" }, log);
        Intake = new Intake(Set, _endpointLink,
            new IngestOptions { DiskReserveBytes = 0, FullPause = TimeSpan.FromMilliseconds(100) }, log);
        _taking = Intake.RunAsync(_stop.Token);
        _carrying = _courier.RunAsync(_stop.Token);
    }

    public SampleSpool Spool { get; }

    public MosquittoLink DeviceLink { get; }

    public DataSetFolder Set { get; }

    public Intake Intake { get; }

    public void Store(int samples, int bytes = 2000)
    {
        for (int i = 0; i < samples; i++)
        {
            var (sample, image) = MadeUpSample.Make(new Random(++_seed), Device, bytes);
            Assert.Equal(StoreOutcome.Stored, Spool.Store(sample, image).Outcome);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_carrying, _taking);
        _courier.Dispose();
        DeviceLink.Dispose();
        _endpointLink.Dispose();
        Spool.Dispose();
        Set.Dispose();
        _stop.Dispose();
    }
}
