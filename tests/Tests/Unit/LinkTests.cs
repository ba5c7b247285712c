using System.Collections.Concurrent;
using EdgeAppliance.Runtime.Pipeline;

namespace EdgeAppliance.Tests.Unit;

public sealed class LinkTests
{
    static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    [Fact]
    public void A_full_latest_link_drops_the_oldest_and_releases_it()
    {
        var released = new List<int>();
        var link = Link.Latest<int>("frames", 2, released.Add);
        for (int i = 1; i <= 5; i++) link.Send(i);
        link.Complete();
        var taken = new List<int>();
        link.Drain(taken.Add);

        Assert.Equal([1, 2, 3], released);
        Assert.Equal([4, 5], taken);
        Assert.Equal(new LinkCounts("frames", 5, 2, 3, 0), link.Counts);
    }

    [Fact]
    public async Task A_full_every_link_makes_its_sender_wait_and_loses_nothing()
    {
        var link = Link.Every<int>("chosen", 2, _ => Assert.Fail("released"));
        var sender = Task.Run(() =>
        {
            for (int i = 0; i < 100; i++) link.Send(i);
            link.Complete();
        });
        var taken = new List<int>();
        await Task.Run(() => link.Drain(taken.Add)).WaitAsync(Long);
        await sender.WaitAsync(Long);

        Assert.Equal(Enumerable.Range(0, 100), taken);
        Assert.Equal(new LinkCounts("chosen", 100, 100, 0, 0), link.Counts);
    }

    [Fact]
    public async Task A_reader_that_dies_frees_the_sender_that_waits_for_it()
    {
        var released = new ConcurrentBag<int>();
        var link = Link.Every<int>("chosen", 1, released.Add);
        link.Send(1);
        link.SendLater(2, out var waiting);
        var reader = Task.Run(() => link.Drain(_ => throw new IOException("disk")));

        await Assert.ThrowsAsync<IOException>(() => reader.WaitAsync(Long));
        await waiting.WaitAsync(Long); // either it got in before the reader died, or it was told
        Assert.Throws<LinkClosedException>(() => link.Send(3));

        Assert.True(link.Counts.Balances, link.Counts.ToString());
        Assert.Equal([2, 3], released.Order());
    }

    [Fact]
    public void Sending_to_a_completed_link_is_refused_and_releases_the_item()
    {
        var released = new List<int>();
        var link = Link.Latest<int>("frames", 1, released.Add);
        link.Complete();
        Assert.Throws<LinkClosedException>(() => link.Send(7));
        Assert.Equal([7], released);
        Assert.Equal(0, link.Counts.Sent);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Sent_is_taken_plus_dropped_plus_queued_at_every_instant(bool waits)
    {
        int released = 0;
        void Release(int item) => Interlocked.Increment(ref released);
        var link = waits ? Link.Every<int>("x", 3, Release) : Link.Latest<int>("x", 3, Release);
        using var over = new CancellationTokenSource();
        var watcher = Task.Run(() =>
        {
            int seen = 0;
            while (!over.IsCancellationRequested)
            {
                var counts = link.Counts;
                Assert.True(counts.Balances, counts.ToString());
                Assert.InRange(counts.Queued, 0, 3);
                seen++;
            }

            return seen;
        });
        var sender = Task.Run(() =>
        {
            for (int i = 0; i < 20_000; i++) link.Send(i);
            link.Complete();
        });
        int taken = 0, last = -1;
        await Task.Run(() => link.Drain(item =>
        {
            Assert.True(item > last, "out of order");
            last = item;
            taken++;
        })).WaitAsync(Long);
        await sender.WaitAsync(Long);
        await over.CancelAsync();

        Assert.True(await watcher > 0);
        var end = link.Counts;
        Assert.Equal((20_000, taken, released, 0), (end.Sent, end.Taken, end.Dropped, end.Queued));
        Assert.Equal(20_000, taken + released);
        if (waits) Assert.Equal(0, released);
    }

    [Fact]
    public void Waiting_and_passing_costs_no_byte_on_either_thread()
    {
        var link = Link.Every<long>("x", 2, _ => { });
        long sent = 0, taken = 0;
        var reader = new Thread(() => taken = Bytes(() => link.Drain(_ => { })));
        reader.Start();
        var sender = new Thread(() => sent = Bytes(() =>
        {
            for (long i = 0; i < 10_000; i++) link.Send(i);
            link.Complete();
        }));
        sender.Start();
        Assert.True(sender.Join(Long) && reader.Join(Long));

        // A closure and a delegate are made once: nothing grows with the ten thousand items.
        Assert.InRange(sent, 0, 1000);
        Assert.InRange(taken, 0, 1000);
    }

    static long Bytes(Action work)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        work();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}

static class LinkTestWords
{
    /// <summary>Sends from another thread; a closed link is a fine answer.</summary>
    public static void SendLater(this Link<int> link, int item, out Task done) => done = Task.Run(() =>
    {
        try { link.Send(item); }
        catch (LinkClosedException) { }
    });
}
