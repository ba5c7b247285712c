using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using EdgeAppliance.Drivers;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime.Pipeline;

/// <summary>How an edge is tried again.</summary>
/// <param name="First">the pause after the first fault; it doubles with each one in a row</param>
/// <param name="Longest">and grows no further than this</param>
/// <param name="Settled">a session that lasted this long was a good one: the pause starts anew</param>
/// <param name="InARow">faults in a row after which the fault goes on; null: for ever</param>
sealed record Retry(TimeSpan First, TimeSpan Longest, TimeSpan Settled, int? InARow = null)
{
    public static Retry Usual { get; } =
        new(TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30));
}

/// <summary>
/// Stands round one session with the world (camera, radio, accelerator, broker) and starts it again when it faults.
/// The middle of the chain is pure: nothing there is supervised. A bug, a closed link and an asked-for stop go through.
/// </summary>
sealed partial class Supervisor(string edge, Retry retry, TimeProvider clock, ILogger log)
{
    readonly Random _jitter = new();
    long _faults;
    long _sessions;

    public string Edge => edge;

    /// <summary>Faults since the start.</summary>
    public long Faults => Interlocked.Read(ref _faults);

    /// <summary>Sessions begun since the start.</summary>
    public long Sessions => Interlocked.Read(ref _sessions);

    /// <summary>Runs sessions until one ends by itself or <paramref name="stop"/> is asked for.</summary>
    /// <exception cref="OperationCanceledException">the stop was asked for during a pause</exception>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types",
        Justification = "The one place where faults of the world meet: what a session may throw is not ours to list. "
            + "Bugs, closed links and stops go through.")]
    public async Task RunAsync(Func<CancellationToken, Task> session, CancellationToken stop)
    {
        int inARow = 0;
        while (true)
        {
            long started = clock.GetTimestamp();
            Interlocked.Increment(ref _sessions);
            try
            {
                await session(stop);
                return;
            }
            catch (Exception fault) when (IsOfTheWorld(fault))
            {
                inARow = clock.GetElapsedTime(started) > retry.Settled ? 1 : inARow + 1;
                long faults = Interlocked.Increment(ref _faults);
                if (retry.InARow is { } most && inARow >= most) throw;
                var pause = PauseAfter(inARow);
                if (BitOperations.IsPow2(faults)) LogFault(edge, faults, pause.TotalSeconds, fault.Message);
                await Task.Delay(pause, clock, stop);
            }
        }
    }

    /// <summary>
    /// Neither a bug, nor a neighbour's end, nor a stop somebody asked for, nor a device that can never work.
    /// </summary>
    static bool IsOfTheWorld(Exception fault) =>
        fault is not (BugException or LinkClosedException or OperationCanceledException or DeviceException
        {
            IsFinal: true,
        });

    /// <summary>
    /// Doubles from the first to the longest, then is spread over its upper half so that many do not return as one.
    /// </summary>
    TimeSpan PauseAfter(int inARow)
    {
        double whole = Math.Min(retry.Longest.TotalSeconds, retry.First.TotalSeconds * Math.Pow(2, inARow - 1));
        return TimeSpan.FromSeconds(whole * (0.5 + (0.5 * _jitter.NextDouble())));
    }

    [LoggerMessage(3001, LogLevel.Warning, "{Edge}: fault {Faults}, again in {PauseS:F1} s: {Reason}")]
    partial void LogFault(string edge, long faults, double pauseS, string reason);
}
