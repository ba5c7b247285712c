using EdgeAppliance.CloudSync.Contract;
using EdgeAppliance.CloudSync.Spool;
using Microsoft.Data.Sqlite;

namespace EdgeAppliance.Tests.Unit;

public sealed class SampleSpoolTests : IDisposable
{
    static readonly SpoolOptions Small = new()
    {
        SampleBytesMax = 64 << 10,
        BytesMax = 256 << 10,
        SamplesMax = 40,
        DiskReserveBytes = 0,
        BallastBytes = 0,
        RefusedKept = 3,
    };

    readonly ScratchFolder _folder = new();
    readonly ListLog _log = new();

    string SpoolPath => _folder.File("spool.db");

    [Fact]
    public void A_stored_sample_and_its_image_come_back_byte_for_byte_after_reopening()
    {
        var (sample, image) = MadeUpSample.Make(new Random(1), "d", 30_000);
        using (var spool = Open()) Assert.Equal(StoreOutcome.Stored, spool.Store(sample, image).Outcome);

        using var again = Open();
        var pending = Assert.Single(again.Pending(10, []));
        var (json, bytes) = again.Read(pending.Id)!.Value;
        Assert.Equal(SampleFrame.WriteJson(sample), json);
        Assert.Equal(image, bytes);
        Assert.Equal(json.Length + image.Length, again.Counts.PendingBytes);
    }

    [Fact]
    public void The_spool_flushes_at_every_commit_and_writes_a_log_ahead()
    {
        using var spool = Open();
        Assert.True(File.Exists(SpoolPath + "-wal"));
        // 2 is FULL: NORMAL lost acknowledged rows in 10 of 50 power cuts.
        Assert.Equal("wal 2", spool.Durability);
    }

    [Fact]
    public void The_same_sample_stored_twice_is_there_once()
    {
        using var spool = Open();
        var (sample, image) = MadeUpSample.Make(new Random(1), "d", 1000);
        spool.Store(sample, image);
        Assert.Equal(StoreOutcome.Duplicate, spool.Store(sample, image).Outcome);
        Assert.Equal(1, spool.Counts.Stored);
    }

    [Fact]
    public void An_image_that_is_not_the_samples_is_a_bug_of_the_caller()
    {
        using var spool = Open();
        var (sample, image) = MadeUpSample.Make(new Random(1), "d", 1000);
        image[40] ^= 1;
        Assert.Throws<ArgumentException>(() => spool.Store(sample, image));
        Assert.Equal(0, spool.Counts.Stored);
    }

    [Fact]
    public void A_sample_above_the_limit_is_refused_with_both_numbers()
    {
        using var spool = Open();
        var (sample, image) = MadeUpSample.Make(new Random(1), "d", 70_000);
        var result = spool.Store(sample, image);
        Assert.Equal(StoreOutcome.TooLarge, result.Outcome);
        Assert.Contains("65536", result.Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Whatever_happens_in_whatever_order_the_counts_balance_and_say_what_is_there(int seed)
    {
        var random = new Random(seed);
        var spool = Open();
        var waiting = new HashSet<SampleId>();
        long acknowledged = 0, refused = 0, stored = 0;
        for (int step = 0; step < 250; step++)
        {
            switch (random.Next(10))
            {
                case < 6:
                    var (sample, image) = MadeUpSample.Make(random, "d", random.Next(200, 20_000));
                    if (spool.Store(sample, image).Outcome == StoreOutcome.Stored)
                    {
                        stored++;
                        waiting.Add(sample.Id);
                    }

                    break;
                case < 8:
                    foreach (var (id, _, _) in spool.Pending(random.Next(1, 4), []))
                    {
                        Assert.True(spool.Forget(id));
                        Assert.False(spool.Forget(id));
                        acknowledged++;
                        waiting.Remove(id);
                    }

                    break;
                case 8:
                    foreach (var (id, _, _) in spool.Pending(1, []))
                    {
                        Assert.True(spool.SetAside(id, "because"));
                        refused++;
                        waiting.Remove(id);
                    }

                    break;
                default:
                    spool.Dispose();
                    spool = Open();
                    break;
            }

            var counts = spool.Counts;
            Assert.True(counts.IsBalanced, $"seed {seed}, step {step}: {counts}");
            Assert.Equal((stored, acknowledged, refused), (counts.Stored, counts.Acknowledged, counts.Refused));
            var there = spool.Pending(1000, []);
            Assert.Equal(counts.Pending, there.Count);
            Assert.Equal(counts.PendingBytes, there.Sum(one => (long)one.Bytes));
            Assert.InRange(counts.Pending, 0, Small.SamplesMax);
            Assert.InRange(counts.PendingBytes, 0, Small.BytesMax);
            Assert.Subset(waiting, there.Select(one => one.Id).ToHashSet());
            waiting.IntersectWith(there.Select(one => one.Id));
        }

        spool.Dispose();
        Assert.True(stored > 100 && acknowledged > 20 && refused > 5, $"{stored} {acknowledged} {refused}");
    }

    [Fact]
    public void A_full_spool_thins_its_older_half_and_never_the_newest()
    {
        using var spool = Open();
        var random = new Random(5);
        var stored = new List<SampleId>();
        for (int i = 0; i < 200; i++)
        {
            var (sample, image) = MadeUpSample.Make(random, "d", 500);
            Assert.Equal(StoreOutcome.Stored, spool.Store(sample, image).Outcome);
            stored.Add(sample.Id);
            var there = spool.Pending(1000, []).Select(one => one.Id).ToHashSet();
            Assert.Superset(stored.TakeLast(Small.SamplesMax / 2).ToHashSet(), there);
        }

        var kept = spool.Pending(1000, []).Select(one => stored.IndexOf(one.Id)).Order().ToList();
        Assert.Equal(200 - kept.Count, spool.Counts.ThinnedByReason["count-limit"]);
        // Thinned, not cut off: something of the first half of the time is still there.
        Assert.Contains(kept, index => index < 100);
    }

    [Fact]
    public void The_worthiest_go_first_and_the_oldest_among_equals()
    {
        using var spool = Open();
        var random = new Random(6);
        var stored = new List<Sample>();
        for (int i = 0; i < 30; i++)
        {
            var (sample, image) = MadeUpSample.Make(random, "d", 500);
            spool.Store(sample, image);
            stored.Add(sample);
        }

        var order = stored.OrderByDescending(sample => sample.Worth).Select(sample => sample.Id).ToList();
        Assert.Equal(order, spool.Pending(1000, []).Select(one => one.Id));
        Assert.Equal(order.Skip(2).Take(3), spool.Pending(3, [order[0], order[1]]).Select(one => one.Id));
    }

    [Fact]
    public void A_file_that_is_no_database_is_set_aside_and_a_new_spool_begun()
    {
        byte[] junk = new byte[20_000];
        new Random(7).NextBytes(junk);
        File.WriteAllBytes(SpoolPath, junk);
        using var spool = Open();
        var (sample, image) = MadeUpSample.Make(new Random(1), "d", 500);
        Assert.Equal(StoreOutcome.Stored, spool.Store(sample, image).Outcome);
        string aside = Assert.Single(Directory.GetFiles(_folder.Path, "spool.db.damaged-*"));
        Assert.Equal(junk, File.ReadAllBytes(aside));
        Assert.Contains(_log.Lines, line => line.Id == 5001 && line.Text.Contains(aside, StringComparison.Ordinal));
    }

    [Fact]
    public void Damage_in_the_middle_is_noticed_at_the_latest_at_the_next_start()
    {
        using (var spool = Open())
        {
            for (int i = 0; i < 8; i++)
            {
                var (sample, image) = MadeUpSample.Make(new Random(i), "d", 20_000);
                spool.Store(sample, image);
            }
        }

        byte[] file = File.ReadAllBytes(SpoolPath);
        new Random(8).NextBytes(file.AsSpan(4096, file.Length - 8192));
        File.WriteAllBytes(SpoolPath, file);
        Exercise();
        using var fresh = Open();
        Assert.True(_log.Has(5001));
        Assert.Equal(0, fresh.Counts.Pending);

        void Exercise()
        {
            try
            {
                using var spool = Open();
                foreach (var pending in spool.Pending(100, [])) spool.Forget(pending.Id);
            }
            catch (IOException fault)
            {
                Assert.Contains("damaged", fault.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void A_second_process_is_told_who_has_the_spool()
    {
        using var spool = Open();
        var fault = Assert.Throws<IOException>(Open);
        Assert.Contains("in use by another process", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refused_samples_are_counted_all_and_kept_some()
    {
        using var spool = Open();
        for (int i = 0; i < 7; i++)
        {
            var (sample, image) = MadeUpSample.Make(new Random(i), "d", 500);
            spool.Store(sample, image);
            Assert.True(spool.SetAside(sample.Id, $"reason {i}"));
        }

        Assert.Equal(7, spool.Counts.Refused);
        using var connection = Look();
        Assert.Equal("reason 4,reason 5,reason 6",
            SpoolDatabase.Text(connection, "SELECT group_concat(reason) FROM "
                + "(SELECT reason FROM refused ORDER BY seq)"));
        Assert.Equal(0, spool.Counts.Pending);
    }

    [Fact]
    public void A_disk_below_its_reserve_takes_no_more_and_keeps_what_is_there()
    {
        var (first, image) = MadeUpSample.Make(new Random(1), "d", 500);
        using (var spool = Open()) spool.Store(first, image);
        using var full = SampleSpool.Open(SpoolPath, Small with { DiskReserveBytes = long.MaxValue / 2 }, _log);
        var (second, other) = MadeUpSample.Make(new Random(2), "d", 500);
        var result = full.Store(second, other);
        Assert.Equal(StoreOutcome.Full, result.Outcome);
        Assert.Contains("spool.diskReserveBytes", result.Why, StringComparison.Ordinal);
        Assert.Equal(first.Id, Assert.Single(full.Pending(10, [])).Id);
        Assert.True(full.Counts.IsBalanced);
    }

    [Fact]
    public void A_newer_programs_spool_is_left_alone()
    {
        Open().Dispose();
        using (var connection = Look()) SpoolDatabase.Run(connection, "PRAGMA user_version = 99");
        var fault = Assert.Throws<IOException>(Open);
        Assert.Contains("schema 99", fault.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path, "*.damaged-*"));
    }

    [Fact]
    public void Defaults_have_no_fault_and_every_fault_is_told()
    {
        Assert.Empty(new SpoolOptions().Faults());
        Assert.Equal(6, new SpoolOptions
        {
            SampleBytesMax = 1,
            BytesMax = 0,
            SamplesMax = 0,
            DiskReserveBytes = -1,
            BallastBytes = -1,
            RefusedKept = -1,
        }.Faults().Count());
    }

    public void Dispose() => _folder.Dispose();

    SqliteConnection Look()
    {
        var connection = new SqliteConnection($"Data Source={SpoolPath};Pooling=False");
        connection.Open();
        return connection;
    }

    SampleSpool Open() => SampleSpool.Open(SpoolPath, Small, _log);
}
