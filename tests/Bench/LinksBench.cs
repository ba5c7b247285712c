using System.Diagnostics;
using EdgeAppliance.Runtime.Pipeline;

namespace EdgeAppliance.Bench;

/// <summary>
/// Four links in a row, as in the chain: bytes allocated and time an item, each thread by its own counter.
/// </summary>
static class LinksBench
{
    const int Items = 100_000;
    const int WarmUp = 1000;

    public static int Run(BenchArguments arguments)
    {
        var report = new Report(arguments.Name);
        Measure(report, "every", name => Link.Every<long>(name, 2, static _ => { }));
        Measure(report, "latest", name => Link.Latest<long>(name, 2, static _ => { }));
        return report.Finish();
    }

    static void Measure(Report report, string kind, Func<string, Link<long>> make)
    {
        Link<long>[] links = [.. Enumerable.Range(0, 4).Select(i => make($"{kind}{i}"))];
        var bytes = new long[links.Length + 1];
        var threads = new List<Thread>();
        for (int i = 0; i < links.Length; i++)
        {
            int at = i;
            var next = i + 1 < links.Length ? links[i + 1] : null;
            threads.Add(new Thread(() => bytes[at + 1] = Pass(links[at], next)));
        }

        var watch = Stopwatch.StartNew();
        threads.ForEach(thread => thread.Start());
        threads.Add(new Thread(() => bytes[0] = Feed(links[0])));
        threads[^1].Start();
        threads.ForEach(thread => thread.Join());
        double us = watch.Elapsed.TotalMicroseconds / Items;

        string on = $"4 links, {kind}, {Items} items";
        report.Add("bytes_allocated", bytes.Sum(), "B", "=0", on);
        report.Add("time_per_item", us, "us", "", on);
        report.Add("unbalanced", links.Count(link => !link.Counts.Balances), "links", "=0", on);
        report.Add("measured", links.Min(link => link.Counts.Taken), "items", ">=100", on);
        if (kind == "every") report.Add("lost", Items - links[^1].Counts.Taken, "items", "=0", on);
    }

    static long Feed(Link<long> first)
    {
        long before = 0;
        for (int i = 0; i < Items; i++)
        {
            if (i == WarmUp) before = GC.GetAllocatedBytesForCurrentThread();
            first.Send(i);
            // A link that drops never makes its sender wait: without a pause the readers would hardly meet an item.
            if (i % 16 == 0) Thread.Sleep(0);
        }

        long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        first.Complete();
        return bytes;
    }

    static long Pass(Link<long> from, Link<long>? to)
    {
        long before = 0, taken = 0;
        from.Drain(item =>
        {
            if (++taken == 10) before = GC.GetAllocatedBytesForCurrentThread();
            to?.Send(item);
        });
        long bytes = before == 0 ? 0 : GC.GetAllocatedBytesForCurrentThread() - before;
        to?.Complete();
        return bytes;
    }
}
