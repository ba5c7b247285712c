using System.Globalization;
using EdgeAppliance.CloudSync;
using EdgeAppliance.CloudSync.Mqtt;
using EdgeAppliance.CloudSync.Spool;
using EdgeAppliance.Writer;

// writer SPOOL PORT DEVICE SEED SAMPLES: stores so many samples, 20 a second, and carries them until the spool is
// empty. It prints "committed ID" after the spool has said so, never before, and "drained" at the end.
if (args.Length != 5)
{
    Console.Error.WriteLine("writer SPOOL PORT DEVICE SEED SAMPLES");
    return 64;
}

var (path, device) = (args[0], args[2]);
int port = int.Parse(args[1], CultureInfo.InvariantCulture);
var random = new Random(int.Parse(args[3], CultureInfo.InvariantCulture));
int samples = int.Parse(args[4], CultureInfo.InvariantCulture);
var log = new ErrorLog();

using var spool = SampleSpool.Open(path, new SpoolOptions { DiskReserveBytes = 0, BallastBytes = 0 }, log);
using var link = new MosquittoLink(
    new MqttOptions
    {
        Host = "127.0.0.1",
        Port = port,
        ClientId = device,
        ReconnectDelayMin = TimeSpan.FromMilliseconds(50),
        ReconnectDelayMax = TimeSpan.FromMilliseconds(500),
    },
    log);
using var courier = new Courier(
    spool, link, new CourierOptions { Device = device, ReceiptTimeout = TimeSpan.FromSeconds(1) }, log);
using var stop = new CancellationTokenSource();
var carrying = courier.RunAsync(stop.Token);

for (int i = 0; i < samples; i++)
{
    var (sample, image) = MadeUpSample.Make(random, device, random.Next(300, 60_000));
    var result = spool.Store(sample, image);
    if (!result.IsStored) throw new IOException($"not stored: {result.Why}");
    Console.Out.WriteLine($"committed {sample.Id}");
    await Task.WhenAny(carrying, Task.Delay(50)).ConfigureAwait(false);
    if (carrying.IsCompleted) await carrying.ConfigureAwait(false);
}

while (spool.Counts.Pending > 0)
{
    await Task.WhenAny(carrying, Task.Delay(50)).ConfigureAwait(false);
    if (carrying.IsCompleted) await carrying.ConfigureAwait(false);
}

await stop.CancelAsync().ConfigureAwait(false);
await carrying.ConfigureAwait(false);
var counts = spool.Counts;
Console.Out.WriteLine($"drained {counts.Stored} stored {counts.Acknowledged} acknowledged {counts.Refused} refused "
    + $"{counts.Thinned} thinned {(counts.IsBalanced ? "balanced" : "NOT BALANCED")}");
return 0;
