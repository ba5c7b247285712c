using System.Net;
using System.Text.Json;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Runtime.Annotation;
using EdgeAppliance.Runtime.Pipeline;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Runtime.Status;

namespace EdgeAppliance.Tests.Loopback;

public sealed class StatusServerTests
{
    static readonly FrameFormat Small = new(64, 48, ColourRange.Limited, ColourMatrix.Bt601);

    [Fact]
    public async Task Status_is_a_snapshot_and_health_follows_it()
    {
        using var pool = new FramePool(4, Small.Bytes);
        bool isHealthy = true;
        var preview = new Preview(pool, [], 100, (in Frame _, int _) => [1, 2, 3]);
        await using var server = await StatusServer.StartAsync(
            new StatusSettings { Port = 0 }, () => Snapshot(isHealthy), preview);
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };

        using var status = JsonDocument.Parse(await client.GetStringAsync("/api/status"));
        Assert.Equal("yard", status.RootElement.GetProperty("device").GetString());
        Assert.True(status.RootElement.GetProperty("links")[0].GetProperty("balances").GetBoolean());
        var building = status.RootElement.GetProperty("model").GetProperty("building");
        Assert.Equal(90, building.GetProperty("leftS").GetDouble());
        Assert.Contains("EdgeAppliance", await client.GetStringAsync("/"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/healthz")).StatusCode);

        isHealthy = false;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/healthz")).StatusCode);
    }

    [Fact]
    public async Task A_name_pointed_at_this_machine_by_another_site_gets_nothing()
    {
        using var pool = new FramePool(4, Small.Bytes);
        await using var server = await StatusServer.StartAsync(new StatusSettings { Port = 0 },
            () => Snapshot(true), new Preview(pool, [], 100, (in Frame _, int _) => []));
        using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/status");
        request.Headers.Host = "evil.example";
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await client.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task Watchers_get_drawn_pictures_and_one_too_many_is_refused()
    {
        using var pool = new FramePool(FrameBudget.Slots, Small.Bytes);
        int drawn = 0;
        var preview = new Preview(pool, [], 1000, (in Frame _, int _) =>
        {
            drawn++;
            return "picture"u8.ToArray();
        });
        var drawing = new Thread(() => preview.Frames.Drain(preview.Draw));
        drawing.Start();
        Offer(pool, preview); // nobody watches: not drawn
        Assert.Equal(0, preview.Frames.Counts.Sent);

        await using (var server = await StatusServer.StartAsync(new StatusSettings { Port = 0, WatchersMax = 1 },
            () => Snapshot(true), preview))
        {
            using var client = new HttpClient { BaseAddress = new Uri(server.Url) };
            using var stream = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            var opening = client.GetStreamAsync("/stream.mjpg", stream.Token);
            while (!opening.IsCompleted)
            {
                await Task.Delay(20, stream.Token);
                Offer(pool, preview);
            }

            await using var pictures = await opening;
            using var reader = new StreamReader(pictures);
            Assert.Equal("--picture", await reader.ReadLineAsync(stream.Token));
            Assert.Equal("Content-Type: image/jpeg", await reader.ReadLineAsync(stream.Token));
            Assert.Equal("Content-Length: 7", await reader.ReadLineAsync(stream.Token));
            using var refused = await client.GetAsync("/stream.mjpg", stream.Token);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            preview.End();
        }

        drawing.Join();
        Assert.True(drawn > 0);
        Assert.True(preview.Frames.Counts.Balances);
        Assert.Equal(0, pool.Held);
    }

    static void Offer(FramePool pool, Preview preview)
    {
        Assert.True(pool.TryRent(out var lease));
        using var seen = new Annotated(
            new Frame(lease, Small, MonoTime.Now, 0, TimeSpan.Zero), [], [], [], "model", null);
        preview.Offer(seen, MonoTime.Now);
    }

    static Snapshot Snapshot(bool isHealthy) => new(
        "yard", "0", DateTimeOffset.UnixEpoch, 1, isHealthy, isHealthy ? null : "no frame for 12 s",
        new CameraStatus("twin://yard", "running", 64, 48, 30, "h264", "h264", "only one", 0.1, 5, 30, 0, 0, 0),
        new ModelStatus("twin", "00", "CPU", 320, 192, new EngineStatus(25, 30, 90)),
        [new LinkCounts("frames", 3, 1, 1, 1)], [], [], 0,
        new SampleStatus(0, 0, 0, 0, null, null, "no broker"), new PoolStatus(4, 0, 0), 100);
}
