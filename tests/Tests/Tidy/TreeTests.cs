using System.Reflection;

namespace EdgeAppliance.Tests.Tidy;

/// <summary>The source tree keeps its rules. <see cref="CheckerTests"/> shows that each of these can fail.</summary>
public sealed class TreeTests
{
    /// <summary>May only fall. Each is a rule that does not fit, with the reason beside it.</summary>
    const int SuppressionsMax = 8;

    [Fact]
    public void The_tree_is_seen() // a check over nothing passes always
    {
        Assert.True(SourceTree.CSharp.Count() > 50, $"{SourceTree.CSharp.Count()} C# files");
        Assert.Contains(SourceTree.Files, f => f.Path == "Directory.Packages.props");
        Assert.True(SourceTree.Files.Count(f => f.IsProject) >= LayerRules.Sees.Count);
    }

    [Fact]
    public void Projects_see_only_whom_they_may() => None(LayerRules.ReferenceFaults(SourceTree.Files));

    [Theory]
    [InlineData("EdgeAppliance.Drivers")]
    [InlineData("EdgeAppliance.Onnx")]
    [InlineData("EdgeAppliance.Runtime")]
    [InlineData("EdgeAppliance.CloudSync")]
    [InlineData("EdgeAppliance.Retrain")]
    public void Folders_look_only_down(string project)
    {
        var looked = LayerRules.FolderFaults(SourceTree.Files, LayerRules.Orders.Single(o => o.Namespace == project));
        None(looked.Faults);
        // Only what generators write is unknown here.
        Assert.True(looked.Unbound <= looked.Bound / 20, $"{looked.Unbound} names unknown of {looked.Bound}");
    }

    [Fact]
    public void Type_names_say_something() => None(SourceTree.CSharp.SelectMany(NameRules.TypeFaults));

    [Fact]
    public void Default_accessibility_is_not_written() => None(SourceTree.CSharp.SelectMany(NameRules.DefaultFaults));

    [Fact]
    public void Every_test_is_in_a_tier() => None(SourceTree.CSharp.SelectMany(NameRules.TierFaults));

    [Fact]
    public void Lines_fit_in_120_columns() => None(SourceTree.Files.SelectMany(TextRules.LengthFaults));

    [Fact]
    public void Lines_end_with_a_line_feed() => None(SourceTree.Files.SelectMany(TextRules.LineEndFaults));

    [Fact]
    public void No_work_is_put_off() => None(SourceTree.Files.SelectMany(TextRules.PutOffFaults));

    [Fact]
    public void No_code_is_commented_out() => None(SourceTree.CSharp.SelectMany(TextRules.DeadCodeFaults));

    [Fact]
    public void No_machine_and_no_package_host_is_named() => None(SourceTree.Files.SelectMany(TextRules.PlaceFaults));

    [Fact]
    public void Tracked_files_are_small() => None(SourceTree.Paths
        .Where(p => new FileInfo(SourceTree.Full(p)).Length > TextRules.FileBytes)
        .Select(p => $"{p}: {new FileInfo(SourceTree.Full(p)).Length} bytes"));

    [Fact]
    public void Suppressions_only_fall()
    {
        string[] found = [.. SourceTree.Files.Where(f => f.IsProduct).SelectMany(SuppressionRules.Found)];
        Assert.True(found.Length <= SuppressionsMax, $"{found.Length}: " + string.Join('\n', found));
    }

    [Fact]
    public void Every_suppression_has_its_reason() =>
        None(SourceTree.Files.Where(f => f.IsProduct).SelectMany(SuppressionRules.UnreasonedFaults));

    [Fact]
    public void Everything_is_caught_in_two_places_only() =>
        None(SourceTree.CSharp.Where(f => f.IsProduct).SelectMany(SuppressionRules.CatchFaults));

    [Fact]
    public void Log_events_have_numbers_of_their_own() =>
        None(LogRules.Faults(SourceTree.Files.Where(f => f.IsProduct)));

    [Fact]
    public void Unsafe_code_is_where_native_memory_is() =>
        None(SourceTree.Files.Where(f => f.IsProject).SelectMany(ProjectRules.UnsafeFaults));

    [Fact]
    public void Package_versions_are_in_one_place() =>
        None(SourceTree.Files.Where(f => f.IsProject).SelectMany(ProjectRules.VersionFaults));

    [Fact]
    public void Lock_files_hold_no_addresses() => None(SourceTree.Files.SelectMany(ProjectRules.LockFaults));

    [Fact]
    public void The_appliance_shows_nothing()
    {
        // ASP.NET's generator makes Program public, for test hosts that look for it.
        string[] assemblies = ["edge-appliance", "edge-retrain"];
        None(assemblies.SelectMany(a => Assembly.Load(a).GetExportedTypes())
            .Where(t => t.FullName != "Program").Select(t => t.FullName!));
    }

    [Theory]
    [InlineData("EdgeAppliance.Drivers")]
    [InlineData("EdgeAppliance.CloudSync")]
    public void What_is_public_is_what_was_meant_to_be(string name) =>
        None(Committed.Differences($"public/{name}.txt", Surface.Of(Assembly.Load(name))));

    [Fact]
    public void Numbers_and_names_of_wire_and_disk_are_frozen() =>
        None(Committed.Differences("frozen/wire.txt",
            Surface.Frozen(Assembly.Load("EdgeAppliance.CloudSync").GetTypes(), "EdgeAppliance.CloudSync.Contract")));

    /// <summary>Written where the build program finds and prints it.</summary>
    [Fact]
    public void Smells_are_told()
    {
        string folder = Path.Combine(SharedData.Root, "artifacts", "test");
        Directory.CreateDirectory(folder);
        File.WriteAllLines(Path.Combine(folder, "smells.txt"), Smells.Of(SourceTree.Files));
    }

    static void None(IEnumerable<string> faults)
    {
        string[] found = [.. faults];
        Assert.True(found.Length == 0, $"{found.Length}:\n" + string.Join('\n', found));
    }
}
