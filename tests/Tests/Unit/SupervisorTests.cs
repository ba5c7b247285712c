using EdgeAppliance.Drivers;
using EdgeAppliance.Runtime.Pipeline;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Tests.Unit;

public sealed class SupervisorTests
{
    static readonly Retry Quick = new(
        TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(4), TimeSpan.FromSeconds(30));

    [Fact]
    public async Task A_fault_of_the_world_starts_the_session_again()
    {
        var log = new Lines();
        var supervisor = new Supervisor("camera", Quick, TimeProvider.System, log);
        int sessions = 0;
        await supervisor.RunAsync(_ => ++sessions < 20 ? throw new IOException("gone") : Task.CompletedTask, default);

        Assert.Equal(20, sessions);
        Assert.Equal(19, supervisor.Faults);
        Assert.Equal([1, 2, 4, 8, 16], log.Said.Select(line => int.Parse(line.Split(' ')[2].TrimEnd(','), null)));
    }

    [Fact]
    public async Task A_bug_goes_through_at_once()
    {
        var supervisor = new Supervisor("camera", Quick, TimeProvider.System, new Lines());
        await Assert.ThrowsAsync<BugException>(() => supervisor.RunAsync(_ => throw new BugException("b"), default));
        Assert.Equal(1, supervisor.Sessions);
    }

    [Fact]
    public async Task A_device_that_can_never_work_is_not_tried_again()
    {
        var supervisor = new Supervisor("camera", Quick, TimeProvider.System, new Lines());
        await Assert.ThrowsAsync<DeviceException>(() => supervisor.RunAsync(
            _ => throw new DeviceException("x.mp4", "open", "no such file") { IsFinal = true }, default));
        Assert.Equal(1, supervisor.Sessions);
    }

    [Fact]
    public async Task A_limit_of_faults_in_a_row_ends_it()
    {
        var supervisor = new Supervisor("radio", Quick with { InARow = 3 }, TimeProvider.System, new Lines());
        await Assert.ThrowsAsync<IOException>(() => supervisor.RunAsync(_ => throw new IOException("x"), default));
        Assert.Equal(3, supervisor.Sessions);
    }

    [Fact]
    public async Task A_stop_ends_the_pause()
    {
        using var stop = new CancellationTokenSource();
        var slow = new Retry(TimeSpan.FromHours(1), TimeSpan.FromHours(1), TimeSpan.FromHours(1));
        var supervisor = new Supervisor("radio", slow, TimeProvider.System, new Lines());
        var running = supervisor.RunAsync(_ => throw new IOException("x"), stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(TimeSpan.FromSeconds(5)));
    }

    sealed class Lines : ILogger
    {
        public List<string> Said { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Said.Add(formatter(state, exception));
    }
}
