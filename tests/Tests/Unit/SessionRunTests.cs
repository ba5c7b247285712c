using EdgeAppliance.Onnx;
using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Tests.Unit;

/// <summary>Runs that are timed, and stopped on their way.</summary>
public sealed class SessionRunTests
{
    static readonly SessionWishes OnCpu = new() { Providers = [], Threads = 1, WarmUpRuns = 0, CountNodes = false };

    /// <summary>120 products of 512 x 512: 32 billion operations, tenths of a second on any core.</summary>
    static byte[] Long()
    {
        const int Size = 512;
        var graph = new GraphBuilder();
        var x = graph.Input("x", ElementType.Float, Size, Size);
        var weights = graph.Floats([.. Enumerable.Repeat(1f / Size, Size * Size)], Size, Size);
        for (int i = 0; i < 120; i++) x = x.MatMul(weights);
        graph.Output("y", x);
        return graph.Model.ToBytes();
    }

    [Fact]
    public void A_run_in_progress_is_stopped_and_the_session_runs_again()
    {
        using var session = OnnxSession.Open("long", Long(), OnCpu);
        session.Input(0).Fill(1);
        // On a busy machine the timer may come after the end of a run: then that run was none in progress.
        int ended = 0;
        var stopped = Stopped();
        for (; stopped is null && ended < 20; stopped = Stopped()) ended++;
        Assert.NotNull(stopped);
        Assert.Equal(ended, session.Times.Count);

        using var never = new CancellationTokenSource();
        session.Run(never.Token);
        Assert.Equal(1, session.Output(0)[0], 1e-2f);
        Assert.Equal(ended + 1, session.Times.Count);
        Assert.Equal(session.LastRun, session.Times.Last);
        Assert.Throws<OperationCanceledException>(() => session.Run(new CancellationToken(canceled: true)));

        OperationCanceledException? Stopped()
        {
            using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
            try
            {
                session.Run(soon.Token);
                return null;
            }
            catch (OperationCanceledException fault)
            {
                Assert.Equal(soon.Token, fault.CancellationToken);
                return fault;
            }
        }
    }

    [Fact]
    public void Times_tell_the_last_run_the_usual_one_and_the_slow_ones()
    {
        var times = new RunTimes();
        Assert.Null(times.Last);
        Assert.Null(times.Usual);
        for (int ms = 1; ms <= 1000; ms++) times.Note(TimeSpan.FromMilliseconds(ms));
        Assert.Equal(1000, times.Count);
        Assert.Equal(TimeSpan.FromMilliseconds(1000), times.Last);
        // The last 128 are 873 to 1000.
        Assert.InRange(times.Usual!.Value.TotalMilliseconds, 936, 937);
        Assert.Equal(TimeSpan.FromMilliseconds(873), times.Quantile(0));
        Assert.Equal(TimeSpan.FromMilliseconds(1000), times.Quantile(1));
    }

    [Fact]
    public void Each_run_sees_what_was_written_before_it()
    {
        var graph = new GraphBuilder();
        graph.Output("y", graph.Input("x", ElementType.Float, 4).Relu());
        using var session = OnnxSession.Open("relu", graph.Model.ToBytes(), TestProvider.Wishes);
        Assert.Equal(TestProvider.Accelerator ?? Provider.Cpu, session.Provider);
        for (int i = 1; i <= 3; i++)
        {
            session.Input(0).Fill(i);
            session.Run();
            Assert.Equal([i, i, i, i], session.Output(0).ToArray());
        }
    }

    [Fact]
    public void A_run_that_nobody_can_stop_allocates_nothing()
    {
        var graph = new GraphBuilder();
        graph.Output("y", graph.Input("x", ElementType.Float, 4).Relu());
        using var session = OnnxSession.Open("relu", graph.Model.ToBytes(), OnCpu);
        for (int i = 0; i < 10; i++) session.Run();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) session.Run();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100 * 64);
    }
}
