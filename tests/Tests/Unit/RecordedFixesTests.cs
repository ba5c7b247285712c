using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Radio.Recorded;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Tests.Unit;

public sealed class RecordedFixesTests : IDisposable
{
    static readonly MonoTime Epoch = MonoTime.FromSeconds(50);
    readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Fixes_come_when_their_time_has_come_oldest_first()
    {
        using var fixes = Open("t_s,tag,x_m,y_m,z_m,var_m2\n0,A,1,2,1.1,0.04\n0.5,B,3,4,1.0,0.09\n1,A,5,6,1.2,0.01\n");
        var first = Drain(fixes, 50.5);
        Assert.Equal(["A", "B"], first.Select(o => o.Tag));
        Assert.Equal(0.04, first[0].Variance);
        Assert.Equal(new System.Numerics.Vector3(1, 2, 1.1f), first[0].PositionM);
        Assert.Empty(Drain(fixes, 50.9));
        Assert.Single(Drain(fixes, 60));
        Assert.Equal(new RadioCounts(3, 0, 0), fixes.Counts);
    }

    [Fact]
    public void Bad_lines_are_counted_and_the_first_is_told_with_its_number()
    {
        using var fixes = Open("t_s,tag,x_m,y_m\n0,A,1,2\nhello\n1,A,one,2\n2,A,nan,2\n3,,1,1\n,A,1,1\n4,A,1,2\n");
        Assert.Equal(4, fixes.Counts.Malformed);
        Assert.Equal(1, fixes.WithoutFix);
        Assert.EndsWith("line 3: 1 cells, 4 are needed", fixes.FirstFault, StringComparison.Ordinal);
        Assert.Equal(2, Drain(fixes, 100).Count);
    }

    [Fact]
    public void An_unsorted_file_comes_in_order_of_time()
    {
        using var fixes = Open("tag,t_s,x_m,y_m,note\nA,2,0,0,x\nA,0,1,1,x\nB,1,2,2,x\n");
        Assert.Equal([50, 51, 52], Drain(fixes, 100).Select(o => o.At.Seconds));
    }

    [Fact]
    public void A_variance_each_axis_becomes_their_mean_and_none_is_unknown()
    {
        using var fixes = Open("t_s,tag,x_m,y_m,var_x_m2,var_y_m2\n0,A,1,2,0.02,0.04\n1,A,1,2,,\n");
        var all = Drain(fixes, 100);
        Assert.Equal(0.03, all[0].Variance!.Value, 9);
        Assert.Null(all[1].Variance);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("t_s,tag,x_m\n0,A,1\n", "no column y_m")]
    [InlineData("t_s,tag,x_m,y_m\n", "no fix in it")]
    [InlineData("t_s,tag,x_m,y_m\nx,A,1,1\n", "line 2: t_s is 'x'")]
    [InlineData("t_s,tag,x_m,y_m\n1700000000000,A,1,1\n", "seconds from the recording's start")]
    public void A_file_of_no_use_says_why(string text, string why)
    {
        var fault = Assert.Throws<InvalidDataException>(() => Open(text));
        Assert.Contains(why, fault.Message, StringComparison.Ordinal);
        Assert.StartsWith(_path, fault.Message, StringComparison.Ordinal);
    }

    RecordedFixes Open(string text)
    {
        File.WriteAllText(_path, text);
        return RecordedFixes.Open(_path, Epoch);
    }

    static List<Observation> Drain(RecordedFixes fixes, double until)
    {
        var all = new List<Observation>();
        var some = new Observation[2];
        for (int n; (n = fixes.Drain(MonoTime.FromSeconds(until), some)) > 0;) all.AddRange(some[..n]);
        return all;
    }
}
