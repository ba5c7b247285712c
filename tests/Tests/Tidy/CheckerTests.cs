namespace EdgeAppliance.Tests.Tidy;

/// <summary>Every check finds its fault in a small bad sample, and passes the good one beside it.</summary>
public sealed class CheckerTests
{
    static SourceFile Code(string text, string path = "drivers/Sample.cs") => new(path, text);

    [Fact]
    public void A_forbidden_project_reference_is_found()
    {
        var bad = new SourceFile("drivers/EdgeAppliance.Drivers.csproj",
            "<Project><ProjectReference Include=\"..\\a\\EdgeAppliance.CloudSync.csproj\" /></Project>");
        Assert.Contains("may not see EdgeAppliance.CloudSync", Assert.Single(LayerRules.ReferenceFaults([bad])));
        var unknown = new SourceFile("x/New.csproj", "<Project />");
        Assert.Contains("does not name", Assert.Single(LayerRules.ReferenceFaults([unknown])));
    }

    [Theory]
    [InlineData("using P.High; namespace P.Low; class A { Top? _x; }")]
    [InlineData("namespace P.Low; class A { P.High.Top? _x; }")]
    [InlineData("namespace P.Low; class A { High.Top? _x; }")]
    [InlineData("namespace P.Low; using T = P.High.Top; class A { void M() { var x = new T(); } }")]
    [InlineData("namespace P.Low; class A { int M() => High.Top.Number; }")]
    public void A_look_up_is_found_however_it_is_written(string low)
    {
        var order = new Layering("p/", "P", ["Low", "High", "."]);
        var high = Code(
            "namespace P.High; class Top { public const int Number = 1; P.Low.A? _down; }", "p/High/Top.cs");
        var looked = LayerRules.FolderFaults([Code(low, "p/Low/A.cs"), high], order);
        Assert.NotEmpty(looked.Faults);
        Assert.All(looked.Faults, f =>
            Assert.StartsWith("p/Low/A.cs:1: Low looks up at High", f, StringComparison.Ordinal));
    }

    [Fact]
    public void A_property_named_like_a_folder_is_no_look_up()
    {
        var order = new Layering("p/", "P", ["Low", "High", "."]);
        var low = Code(
            "namespace P.Low; class B { public int N; } class A { B High { get; } = new(); int M() => High.N; }",
            "p/Low/A.cs");
        var high = Code("namespace P.High; class Top;", "p/High/Top.cs");
        Assert.Empty(LayerRules.FolderFaults([low, high], order).Faults);
        Assert.Contains("no folder Other", Assert.Single(
            LayerRules.FolderFaults([Code("namespace P.Other; class C;", "p/Other/C.cs")], order).Faults));
    }

    [Theory]
    [InlineData("class FrameManager;", 1)]
    [InlineData("interface ICameraService { }", 1)]
    [InlineData("record CameraInfo;", 1)]
    [InlineData("enum PixelData { }", 1)]
    [InlineData("delegate void FrameHandler();", 1)]
    [InlineData("class Supervisor; record struct Manage;", 0)]
    public void An_empty_word_in_a_type_name_is_found(string text, int faults) =>
        Assert.Equal(faults, NameRules.TypeFaults(Code(text)).Count());

    [Theory]
    [InlineData("class A { private int _x; }", 1)]
    [InlineData("namespace N; internal class A { }", 1)]
    [InlineData("internal static class A { private static void M() { } }", 2)]
    [InlineData("public class A { internal A() { } public int X { get; private set; } }", 0)]
    public void Written_defaults_are_found(string text, int faults) =>
        Assert.Equal(faults, NameRules.DefaultFaults(Code(text)).Count());

    [Theory]
    [InlineData("namespace EdgeAppliance.Tests; class A { [Fact] void M() { } }", 1)]
    [InlineData("namespace EdgeAppliance.Tests.Unit; class A { [SkippableFact] void M() { } }", 0)]
    public void A_test_in_no_tier_is_found(string text, int faults) =>
        Assert.Equal(faults, NameRules.TierFaults(Code(text, "tests/Tests/A.cs")).Count());

    [Fact]
    public void A_line_of_121_columns_is_found()
    {
        Assert.Single(TextRules.LengthFaults(Code("ok\n" + new string('x', TextRules.Columns + 1))));
        Assert.Empty(TextRules.LengthFaults(Code(new string('x', TextRules.Columns))));
        Assert.Single(TextRules.LineEndFaults(Code("a\r\nb")));
    }

    [Fact]
    public void Work_put_off_is_found()
    {
        Assert.Single(TextRules.PutOffFaults(Code("// TO" + "DO later")));
        Assert.Single(TextRules.PutOffFaults(Code("x(); // FIX" + "ME")));
        Assert.Empty(TextRules.PutOffFaults(Code("int todos;")));
    }

    [Theory]
    [InlineData("// var x = Read();", 1)]
    [InlineData("// Close(frame);", 1)]
    [InlineData("// return x;", 1)]
    [InlineData("// the sum of all;", 0)]
    [InlineData("// waits; never drops", 0)]
    public void Code_in_comments_is_found(string text, int faults) =>
        Assert.Equal(faults, TextRules.DeadCodeFaults(Code(text)).Count());

    [Theory]
    [InlineData("at /wo" + "rk/x", 1)]
    [InlineData("at /ho" + "me/me/x", 1)]
    [InlineData("https://registry.npm" + "js.example", 1)]
    [InlineData("api.nuget.o" + "rg", 1)]
    [InlineData("docs/wo" + "rk/x and ../shared/data", 0)]
    public void A_machine_or_package_host_is_found(string text, int faults) =>
        Assert.Equal(faults, TextRules.PlaceFaults(Code(text)).Count());

    [Fact]
    public void Suppressions_are_counted_and_want_reasons()
    {
        var file = Code("""
            #pragma warning disable CA1031
            #pragma warning restore CA1031
            [SuppressMessage("a", "b")] class A;
            [UnconditionalSuppressMessage("a", "b", Justification = "the type is kept by its root")] class B;
            """);
        Assert.Equal(3, SuppressionRules.Found(file).Count());
        Assert.Single(SuppressionRules.UnreasonedFaults(file));
        var project = new SourceFile("a/A.csproj", "<Project>\n<NoWarn>CS1</NoWarn>\n</Project>");
        Assert.Single(SuppressionRules.Found(project));
    }

    [Theory]
    [InlineData("try { } catch { }", 1)]
    [InlineData("try { } catch (Exception) { }", 1)]
    [InlineData("try { } catch (System.Exception e) when (e is not OperationCanceledException) { }", 1)]
    [InlineData("try { } catch (Exception e) when (Log(e)) { }", 1)]
    [InlineData("try { } catch (Exception e) when (e is IOException or InvalidDataException) { }", 0)]
    [InlineData("try { } catch (Exception e) when (IsLost(e)) { }", 0)]
    [InlineData("try { } catch (Exception e) when (IsOther(e)) { }", 1)]
    [InlineData("try { } catch (Exception) { Close(); throw; }", 0)]
    [InlineData("try { } catch (IOException) { }", 0)]
    public void A_catch_of_everything_is_found(string text, int faults)
    {
        string code = "class A { void M() { " + text + " } bool IsLost(Exception e) => e is IOException; "
            + "bool IsOther(Exception e) => e is not IOException; }";
        Assert.Equal(faults, SuppressionRules.CatchFaults(Code(code)).Count());
        Assert.Empty(SuppressionRules.CatchFaults(Code(code, "runtime/Appliance/Pipeline/Supervisor.cs")));
    }

    [Fact]
    public void Log_events_that_share_lack_or_leave_their_number_are_found()
    {
        var file = Code("""
            static partial class Log
            {
                [LoggerMessage(1001, LogLevel.Warning, "a")] static partial void A(ILogger log);
                [LoggerMessage(EventId = 1001, Level = LogLevel.Warning)] static partial void B(ILogger log);
                [LoggerMessage(LogLevel.Warning, "c")] static partial void C(ILogger log);
                [LoggerMessage(3000, LogLevel.Warning, "d")] static partial void D(ILogger log);
            }
            """);
        Assert.Collection(LogRules.Faults([file]),
            f => Assert.Contains("also at", f, StringComparison.Ordinal),
            f => Assert.Contains("without its number", f, StringComparison.Ordinal),
            f => Assert.Contains("outside 1000 to 1999", f, StringComparison.Ordinal));
    }

    [Fact]
    public void Unsafe_and_versions_out_of_place_are_found()
    {
        var project = new SourceFile("runtime/Appliance/EdgeAppliance.Runtime.csproj",
            "<Project><AllowUnsafeBlocks>true</AllowUnsafeBlocks>"
            + "<PackageReference Include=\"X\" Version=\"1\" /></Project>");
        Assert.Single(ProjectRules.UnsafeFaults(project));
        Assert.Single(ProjectRules.VersionFaults(project));
    }

    [Fact]
    public void An_address_in_a_lock_file_is_found()
    {
        var bad = new SourceFile("package-lock.json", "\"resolved\": \"https://somewhere/x.tgz\"");
        Assert.Single(ProjectRules.LockFaults(bad));
        Assert.Empty(ProjectRules.LockFaults(new("a/packages.lock.json", "\"resolved\": \"1.2.3\"")));
    }

    [Fact]
    public void A_changed_surface_or_number_is_found()
    {
        Assert.Equal(["new: c", "gone: a"], Committed.Between(["a", "b"], ["b", "c"]));
        var lines = Surface.Frozen([typeof(Answer)], "EdgeAppliance.Tests.Tidy");
        Assert.Equal(["Answer.No = 2", "Answer.Yes = 1"], lines);
        var names = Surface.Of(typeof(CheckerTests).Assembly);
        Assert.Contains("EdgeAppliance.Tests.Tidy.CheckerTests.A_changed_surface_or_number_is_found", names);
        Assert.DoesNotContain(names, n => n.Contains("SourceTree", StringComparison.Ordinal));
    }

    [Fact]
    public void Smells_are_found()
    {
        string body = string.Join('\n', Enumerable.Repeat("        _ = 1;", Smells.FileLines));
        var file = Code("interface ILonely { }\nclass A : ILonely { void M()\n{\n" + body + "\n} }");
        Assert.Equal(3, Smells.Of([file]).Count());
        Assert.Empty(Smells.Of([Code("interface IPair { } class A : IPair; class B : N.IPair;")]));
    }
}
