using EdgeAppliance.CloudSync.Contract;
using EdgeAppliance.Retrain.Dataset;
using EdgeAppliance.Retrain.Ingest;

namespace EdgeAppliance.Tests.Unit;

public sealed class IntakeTests : IAsyncLifetime, IDisposable
{
    static readonly IngestOptions Options = new() { DiskReserveBytes = 0, FullPause = TimeSpan.FromMilliseconds(10) };

    readonly ScratchFolder _folder = new();
    readonly ListLog _log = new();
    readonly MemoryLink _link = new();
    readonly CancellationTokenSource _stop = new();
    readonly DataSetFolder _set;
    Intake? _intake;
    Task _taking = Task.CompletedTask;

    public IntakeTests() => _set = DataSetFolder.Open(_folder.Path, _log);

    public Task InitializeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_receipt_goes_out_when_the_sample_is_in_the_data_set_and_again_as_a_duplicate()
    {
        Run(Options);
        var (sample, image) = MadeUpSample.Make(new Random(1), "gate-3", 500);
        byte[] frame = Frame(sample, image);
        Send("gate-3", frame);
        Assert.Equal(new Receipt(1, sample.Id, Verdict.Stored, null), await NextReceipt());
        Assert.True(_set.Has(sample.Id));
        Send("gate-3", frame);
        Assert.Equal(Verdict.Duplicate, (await NextReceipt()).Verdict);
        Assert.Equal(["edge/v1/+/samples"], _link.Subscriptions.AsEnumerable());
    }

    public static TheoryData<string> Faults => ["hash", "size", "box", "nan", "type", "device", "jpeg", "class"];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_sample_that_can_never_be_taken_is_refused_with_the_reason(string what)
    {
        Run(Options);
        var (sample, image) = MadeUpSample.Make(new Random(1), "gate-3", 500);
        var box = sample.Boxes[0];
        (sample, string says) = what switch
        {
            "hash" => (sample with { ImageSha256 = new string('0', 64) }, "SHA-256"),
            "size" => (sample with { Width = 15 }, "the JPEG is 16x16"),
            "box" => (sample with { Boxes = [box with { Left = 15, Width = 4 }] }, "boxes[0]"),
            "nan" => (sample with { Boxes = [box with { Left = 1e300, Width = 1e300 }] }, "boxes[0]"),
            "type" => (sample with { ImageType = "image/gif" }, "image/gif"),
            "device" => (sample with { Device = "gate-4" }, "gate-4"),
            "class" => (sample with { Boxes = [box with { Class = " " }] }, "no class"),
            _ => (sample, "no whole JPEG"),
        };
        if (what == "jpeg")
        {
            image[^1] = 0;
            sample = sample with
            {
                ImageSha256 = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(image)),
            };
        }

        Send("gate-3", Frame(sample, image));
        var receipt = await NextReceipt();
        Assert.Equal((sample.Id, Verdict.Refused), (receipt.Id, receipt.Verdict));
        Assert.Contains(says, receipt.Reason, StringComparison.Ordinal);
        Assert.Equal(0, _set.Images);
    }

    [Fact]
    public async Task What_cannot_be_read_is_refused_by_its_name_and_what_is_newer_is_left_with_its_device()
    {
        Run(Options);
        var (sample, image) = MadeUpSample.Make(new Random(1), "gate-3", 500);
        byte[] bent = Frame(sample, image);
        bent[50] ^= 1;
        Send("gate-3", bent);
        var receipt = await NextReceipt();
        Assert.Equal((sample.Id, Verdict.Refused), (receipt.Id, receipt.Verdict));

        byte[] newer = Frame(sample, image);
        newer[5] = 2;
        Send("gate-3", newer);
        Send("gate-3", "no sample at all"u8.ToArray());
        await Until(() => _intake!.Counts.Unanswered == 2);
        Assert.Empty(_link.Published);
        Assert.True(_log.Has(6102) && _log.Has(6103));
    }

    [Fact]
    public async Task With_a_full_disk_no_receipt_goes_out_and_it_is_said()
    {
        Run(Options with { DiskReserveBytes = long.MaxValue / 2 });
        var (sample, image) = MadeUpSample.Make(new Random(1), "gate-3", 500);
        Send("gate-3", Frame(sample, image));
        await Until(() => _intake!.Counts.Unanswered == 1);
        Assert.Empty(_link.Published);
        Assert.False(_set.Has(sample.Id));
        Assert.True(_log.Has(6104));
    }

    [Fact]
    public void Between_network_and_writer_there_is_a_limit_in_messages_and_in_bytes()
    {
        var queue = new IntakeQueue(Options with { QueueMax = 3 }, null, _log);
        for (int i = 0; i < 5; i++) queue.Arrived("edge/v1/d/samples", new byte[10]);
        Assert.Equal((5, 2), (queue.ArrivedCount, queue.DroppedCount));
        var batch = new List<IntakeMessage>();
        Assert.True(queue.Take(batch, 2));
        Assert.Equal(2, batch.Count);

        var narrow = new IntakeQueue(Options with { QueueBytesMax = SampleFrame.BytesMax }, null, _log);
        narrow.Arrived("edge/v1/d/samples", new byte[SampleFrame.BytesMax - 5]);
        narrow.Arrived("edge/v1/d/samples", new byte[6]);
        narrow.Arrived("edge/v1/d/samples", new byte[5]);
        Assert.Equal(1, narrow.DroppedCount);
    }

    [Fact]
    public async Task At_the_end_what_arrived_is_written_and_the_COCO_file_is_up_to_date()
    {
        Run(Options);
        for (int i = 0; i < 50; i++)
        {
            var (sample, image) = MadeUpSample.Make(new Random(i), "gate-3", 500);
            Send("gate-3", Frame(sample, image));
        }

        await _stop.CancelAsync();
        await _taking;
        Assert.Equal(50, _intake!.Counts.Stored);
        Assert.Equal(50, DataSetCounting.Count(_folder.Path).Coco!.Images);
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _taking;
    }

    public void Dispose()
    {
        _link.Dispose();
        _set.Dispose();
        _stop.Dispose();
        _folder.Dispose();
    }

    void Run(IngestOptions options)
    {
        _intake = new Intake(_set, _link, options, _log);
        _taking = _intake.RunAsync(_stop.Token);
    }

    static byte[] Frame(Sample sample, byte[] image) =>
        SampleFrame.Write(sample.Id, SampleFrame.WriteJson(sample), image);

    void Send(string device, byte[] frame) => _link.Listener!.Arrived(Topics.Samples(device), frame);

    async Task<Receipt> NextReceipt()
    {
        (int Publication, string Topic, byte[] Payload) one = default;
        await Until(() => _link.Published.TryDequeue(out one));
        Assert.Equal("edge/v1/gate-3/receipts", one.Topic);
        return SampleFrame.ReadReceipt(one.Payload);
    }

    static async Task Until(Func<bool> holds)
    {
        long until = Environment.TickCount64 + 60_000;
        while (!holds())
        {
            Assert.True(Environment.TickCount64 < until, "it did not happen within a minute");
            await Task.Delay(5);
        }
    }
}
