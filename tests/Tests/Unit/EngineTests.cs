using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Tests.Unit;

/// <summary>Engines on disk: what is kept, what goes, what is never tried again.</summary>
public sealed class EngineTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("engines-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    static EngineKey Key(string model) =>
        new(model, "10.3.0", "12.6", "R36", "Orin Nano", "fp16", "images:1x3x416x416");

    [Fact]
    public void Every_part_of_the_key_makes_another_engine()
    {
        var key = Key("m");
        EngineKey[] others =
        [
            key with { Model = "n" }, key with { TensorRt = "10.4.0" }, key with { Cuda = "13.0" },
            key with { L4t = "R37" }, key with { Gpu = "AGX" }, key with { Precision = "fp32" },
            key with { Shapes = "images:1x3x320x320" },
        ];
        Assert.Equal(others.Length + 1, others.Append(key).Select(k => k.Name).Distinct().Count());
        Assert.Equal(key.Name, Key("m").Name);
    }

    [Fact]
    public void The_key_reads_versions_from_the_machines_files()
    {
        string root = Path.Combine(_folder, "root");
        string libraries = Path.Combine(root, "usr/lib/aarch64-linux-gnu");
        Directory.CreateDirectory(libraries);
        foreach (string file in new[] { "libnvinfer.so.10", "libnvinfer.so.10.3.0" })
            File.WriteAllText(Path.Combine(libraries, file), "");

        Directory.CreateDirectory(Path.Combine(root, "etc"));
        File.WriteAllText(Path.Combine(root, "etc/nv_tegra_release"), "# R36 (release), REVISION: 4.3\nmore\n");
        var key = EngineKey.Here(Pictures.Card("yolox", Pictures.Input(320, 192), 1), true, root);
        Assert.Equal("10.3.0", key.TensorRt);
        Assert.Equal("# R36 (release), REVISION: 4.3", key.L4t);
        Assert.Equal("unknown", key.Cuda);
        Assert.Equal("fp16", key.Precision);
        Assert.Equal("images:1x3x192x320", key.Shapes);
    }

    [Fact]
    public void An_engine_has_its_name_only_once_it_is_whole()
    {
        var store = new EngineStore(_folder, 1000);
        var key = Key("m");
        File.WriteAllBytes(Path.Combine(store.Begin(key), "x.engine"), new byte[100]);
        Assert.Equal(EngineState.Absent, store.StateOf(key));
        store.Commit(key, TimeSpan.FromSeconds(42));
        Assert.Equal(EngineState.Ready, store.StateOf(key));
        Assert.True(File.Exists(Path.Combine(store.FolderOf(key), "x.engine")));
        Assert.Equal(42, store.UsualBuild()!.Value.TotalSeconds);
    }

    [Fact]
    public void What_was_half_built_at_a_power_cut_is_gone_at_the_next_start()
    {
        string building = new EngineStore(_folder, 1000).Begin(Key("m"));
        File.WriteAllBytes(Path.Combine(building, "half"), new byte[10]);
        var store = new EngineStore(_folder, 1000);
        Assert.Equal(EngineState.Absent, store.StateOf(Key("m")));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public void A_bad_engine_stays_in_quarantine_over_starts_until_pardoned()
    {
        var store = new EngineStore(_folder, 1000);
        store.Begin(Key("m"));
        store.Quarantine(Key("m"), "output 0 is off");
        store = new EngineStore(_folder, 1000);
        Assert.Equal(EngineState.Quarantined, store.StateOf(Key("m")));
        Assert.Equal("output 0 is off", store.WhyBad(Key("m")));
        Assert.Equal(EngineState.Absent, store.StateOf(Key("other")));
        store.Pardon(Key("m"));
        Assert.Equal(EngineState.Absent, store.StateOf(Key("m")));
    }

    [Fact]
    public void The_engine_not_used_for_longest_goes_when_room_is_needed()
    {
        var store = new EngineStore(_folder, 1000);
        foreach (string model in new[] { "a", "b" }) Make(store, model, 400);
        Directory.SetLastWriteTimeUtc(store.FolderOf(Key("a")), DateTime.UtcNow.AddHours(-1));
        Directory.SetLastWriteTimeUtc(store.FolderOf(Key("b")), DateTime.UtcNow.AddHours(-2));
        store.Touch(Key("b"));
        Make(store, "c", 400);
        Assert.Equal(EngineState.Absent, store.StateOf(Key("a")));
        Assert.Equal(EngineState.Ready, store.StateOf(Key("b")));
        Assert.Equal(EngineState.Ready, store.StateOf(Key("c")));
        Assert.Contains("engineDiskMbMax", Assert.Throws<IOException>(
            () => Make(store, "d", 1001)).Message, StringComparison.Ordinal);
        Assert.Equal(EngineState.Ready, store.StateOf(Key("c")));
    }

    [Fact]
    public void Outputs_are_compared_by_their_size()
    {
        Assert.Null(EngineBuild.Differs([[100, 1]], [[103, -1]]));
        Assert.Contains("off by 7", EngineBuild.Differs([[100, 1]], [[100, 8]]), StringComparison.Ordinal);
        Assert.Contains("off by NaN", EngineBuild.Differs([[100, 1]], [[float.NaN, 1]]), StringComparison.Ordinal);
        Assert.Contains("1 numbers", EngineBuild.Differs([[1, 2]], [[1]]), StringComparison.Ordinal);
        Assert.Contains("0 outputs", EngineBuild.Differs([[1]], []), StringComparison.Ordinal);
    }

    static void Make(EngineStore store, string model, int bytes)
    {
        File.WriteAllBytes(Path.Combine(store.Begin(Key(model)), "x.engine"), new byte[bytes]);
        store.Commit(Key(model), TimeSpan.FromSeconds(1));
    }
}
