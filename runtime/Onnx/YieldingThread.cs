using System.Runtime.InteropServices;

namespace EdgeAppliance.Onnx;

/// <summary>
/// A thread of its own whose work gives way to others'. On Linux a thread's priority is its own and is inherited by the
/// threads it starts, so a session opened here has workers that yield as well. .NET's own thread priorities do
/// nothing on Linux, and a thread that has yielded may not take it back, hence not on a thread of the pool.
/// </summary>
public static class YieldingThread
{
    /// <summary>Runs something there, and waits; its exception is thrown here.</summary>
    public static T Run<T>(SessionRole role, Func<T> work) => RunAsync(role, work).GetAwaiter().GetResult();

    /// <summary>Runs something there.</summary>
    public static Task<T> RunAsync<T>(SessionRole role, Func<T> work)
    {
        var task = new Task<T>(() =>
        {
            Yield(ThreadShares.Yielding(role));
            return work();
        }, TaskCreationOptions.LongRunning);
        // Told of by a thread that does not yield: threads of the pool that are started to go on would yield for ever.
        var told = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            OwnThreads.Instance.RunToItsEnd(task);
            told.SetFromTask(task);
        })
        { IsBackground = true, Name = "waits for a yielding one" }.Start();
        return told.Task;
    }

    /// <summary>
    /// Lets this thread and those it will start yield; it cannot be undone. Nothing happens where it cannot.
    /// </summary>
    static void Yield(int nice)
    {
        // Where the kernel refuses, or is not Linux, everything works as well, only less politely.
        if (nice > 0 && OperatingSystem.IsLinux()) _ = SetPriority(Process, 0, nice);
    }

    /// <summary>
    /// PRIO_PROCESS; on Linux with 0 it means the calling thread (setpriority(2), "C library/kernel differences").
    /// </summary>
    const int Process = 0;

    // All arguments are plain numbers, so no marshalling code is made and nothing here is unsafe.
    [DllImport("libc", EntryPoint = "setpriority")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int SetPriority(int which, uint who, int nice);

    /// <summary>A new thread for each task: what LongRunning promises today, made certain.</summary>
    sealed class OwnThreads : TaskScheduler
    {
        public static readonly OwnThreads Instance = new();

        public void RunToItsEnd(Task task)
        {
            task.Start(this);
            ((IAsyncResult)task).AsyncWaitHandle.WaitOne();
        }

        protected override void QueueTask(Task task) => new Thread(() => TryExecuteTask(task))
        {
            IsBackground = true,
            Name = "yielding",
        }.Start();

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

        protected override IEnumerable<Task> GetScheduledTasks() => [];
    }
}
