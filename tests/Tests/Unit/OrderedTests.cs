using System.Collections.Concurrent;
using EdgeAppliance.Runtime.Pipeline;

namespace EdgeAppliance.Tests.Unit;

public sealed class OrderedTests
{
    static readonly TimeSpan Long = TimeSpan.FromSeconds(10);

    [Fact]
    public void What_is_finished_early_waits_for_what_was_begun_before_it()
    {
        var handed = new List<string>();
        var ordered = new Ordered<string>(ahead: 2, handed.Add, _ => Assert.Fail("released"));
        ordered.Put(1, "b");
        ordered.Put(2, "c");
        Assert.Empty(handed);
        ordered.Put(0, "a");
        ordered.Put(3, "d");
        Assert.Equal(["a", "b", "c", "d"], handed);
    }

    [Fact]
    public async Task Many_threads_that_share_a_link_lose_nothing_and_keep_its_order()
    {
        var link = Link.Every<long>("frames", 2, _ => Assert.Fail("released"));
        var handed = new List<long>();
        var ordered = new Ordered<long>(ahead: 3, handed.Add, _ => Assert.Fail("released"));
        var readers = Enumerable.Range(0, 4).Select(n => Task.Factory.StartNew(() => link.Drain((item, number) =>
        {
            if (item % (n + 2) == 0) Thread.Sleep(1);
            ordered.Put(number, item);
        }), TaskCreationOptions.LongRunning)).ToArray();
        for (long i = 0; i < 1000; i++) link.Send(i);
        link.Complete();
        await Task.WhenAll(readers).WaitAsync(Long);
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => (long)i), handed);
    }

    [Fact]
    public async Task Closed_it_frees_who_waits_and_releases_what_was_left()
    {
        var released = new ConcurrentBag<string>();
        var ordered = new Ordered<string>(ahead: 1, _ => Assert.Fail("handed on"), released.Add);
        ordered.Put(1, "early");
        var waiting = Task.Run(() => ordered.Put(2, "too far ahead"));
        await Task.Delay(20);
        Assert.False(waiting.IsCompleted);
        ordered.Close();
        await Assert.ThrowsAsync<LinkClosedException>(() => waiting.WaitAsync(Long));
        Assert.Throws<LinkClosedException>(() => ordered.Put(0, "late"));
        Assert.Equal(["early", "late", "too far ahead"], released.Order());
    }
}
