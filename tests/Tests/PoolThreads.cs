using System.Runtime.CompilerServices;

namespace EdgeAppliance.Tests;

/// <summary>
/// Tests that run side by side hold pool threads for seconds (training steps, sessions, processes waited for). On two
/// cores the pool begins with two threads and adds one or two a second, so a neighbour's timer of 100 ms came after
/// seconds. With these it comes when it is due.
/// </summary>
static class PoolThreads
{
    const int Least = 32;

    [ModuleInitializer]
    internal static void Ready()
    {
        ThreadPool.GetMinThreads(out int workers, out int completions);
        ThreadPool.SetMinThreads(Math.Max(Least, workers), Math.Max(Least, completions));
    }
}
