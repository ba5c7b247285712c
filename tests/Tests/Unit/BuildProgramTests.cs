using System.Xml.Linq;
using EdgeAppliance.Image.Build;
using EdgeAppliance.Image.Build.Setup;

namespace EdgeAppliance.Tests.Unit;

public sealed class BuildProgramTests
{
    [Fact]
    public void A_package_goes_by_the_first_name_that_this_release_has()
    {
        var names = DebianPackages.Choose([["libavcodec61", "libavcodec59"], ["x", "y"], ["ffmpeg"]],
            _ => ["libavcodec59", "ffmpeg"]);
        Assert.Equal(["libavcodec59", null, "ffmpeg"], names);
    }

    [Fact]
    public void A_name_without_a_candidate_cannot_be_installed()
    {
        const string Policy = """
            ffmpeg:
              Installed: 7:5.1.9-0
              Candidate: 7:5.1.9-0
              Version table:
                 7:5.1.9-0 500
            libavcodec60:
              Installed: (none)
              Candidate: (none)
            """;
        Assert.Equal(["ffmpeg"], DebianPackages.Candidates(Policy));
    }

    [Fact]
    public void What_cannot_be_installed_is_told_with_every_name_it_may_have()
    {
        var need = new Need("libavcodec, decoding", Groups.Run, () => false, Apt.Versioned("libavcodec", 61, 59));
        Assert.Equal(["  libavcodec, decoding: package libavcodec61 or libavcodec59"], SetupRun.ByHand([need]));
        Assert.Equal([need], SetupRun.Missing([need, need with { IsThere = () => true }], Groups.Run));
        Assert.Empty(SetupRun.Missing([need], Groups.Build | Groups.Test));
    }

    [Theory]
    [InlineData("sha-1", true)]
    [InlineData("sha-2", false)]
    public void Node_packages_are_there_when_their_hashes_are_those_of_the_lock(string hash, bool same)
    {
        const string Lock = """{"packages":{"":{},"a":{"integrity":"sha-1"},"b":{"integrity":"s","optional":true}}}""";
        Assert.Equal(same, NodePackages.Same(Lock, """{"packages":{"a":{"integrity":"HASH"}}}""".Replace("HASH", hash,
            StringComparison.Ordinal)));
        Assert.False(NodePackages.Same(Lock, "{"));
    }

    [Fact]
    public void A_tier_is_picked_by_its_name_and_an_unknown_one_refused()
    {
        Assert.Empty(TestRun.FilterOf([])!);
        Assert.Equal(["--filter", "FullyQualifiedName~EdgeAppliance.Tests.Unit."], TestRun.FilterOf(["unit"])!);
        Assert.Null(TestRun.FilterOf(["fast"]));
    }

    [Fact]
    public void A_run_is_told_with_its_skips_and_its_tally_last()
    {
        var report = TestReport.Parse(XDocument.Parse("""
            <TestRun xmlns="u"><Results>
              <UnitTestResult testName="A" outcome="Passed" />
              <UnitTestResult testName="B" outcome="Failed" />
              <UnitTestResult testName="C" outcome="NotExecuted">
                <Output><ErrorInfo><Message>no chromium</Message></ErrorInfo></Output>
              </UnitTestResult>
            </Results></TestRun>
            """));
        var said = new StringWriter();
        Assert.Equal(1, TestRun.Tell(report, 1, said));
        Assert.Equal("skipped, no chromium:\n  C\nFAILED B\n1 passed, 1 failed, 1 skipped\n", said.ToString());
    }

    [Theory]
    [InlineData(3, 0, 0, "3 passed, 0 failed, 0 skipped")]
    [InlineData(3, 1, 1, "3 passed, 1 failed, 0 skipped")] // the host died after three
    [InlineData(0, 0, 1, "0 passed, 0 failed, 0 skipped")] // nothing ran
    public void A_run_without_failures_still_fails_when_its_host_died_or_nothing_ran(
        int passed, int ended, int status, string tally)
    {
        var said = new StringWriter();
        Assert.Equal(status, TestRun.Tell(new TestReport(passed, [], []), ended, said));
        Assert.EndsWith(tally + "\n", said.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_runtime_pack_that_the_feed_lacks_is_named()
    {
        const string Line =
            "a.csproj : error NU1101: Unable to find package Microsoft.NETCore.App.Runtime.linux-arm64. No packages";
        Assert.Equal(["Microsoft.NETCore.App.Runtime.linux-arm64"], Publish.MissingPackages([Line, Line, "other"]));
    }

    [Fact]
    public void A_published_package_that_is_not_the_tested_one_is_named()
    {
        const string A = """{"dependencies":{"net10.0":{"P":{"contentHash":"1"},"Q":{"contentHash":"1"}}}}""";
        const string B = """{"dependencies":{"net10.0":{"P":{"contentHash":"2"},"R":{"contentHash":"1"}}}}""";
        Assert.Equal(["P"], Publish.Different(A, B));
    }

    [Fact]
    public void What_follows_two_dashes_goes_on()
    {
        Assert.Equal(["--camera", "file:a"], Verb.Passed(["--", "--camera", "file:a"]));
        Assert.Equal(["unit"], Verb.Passed(["unit"]));
        Assert.Equal("linux-x64", Publish.RidOf([]));
        Assert.Equal("linux-arm64", Publish.RidOf(["-r", "linux-arm64"]));
        Assert.Null(Publish.RidOf(["linux-arm64"]));
    }
}
