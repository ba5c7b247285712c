using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace EdgeAppliance.Bench;

/// <summary>What work cost, as the kernel counts it.</summary>
/// <param name="CpuS">processor seconds, user and system, all threads</param>
/// <param name="WallS">seconds on the monotonic clock</param>
readonly partial record struct Cost(double CpuS, double WallS)
{
    /// <summary>Of this process while <paramref name="work"/> ran.</summary>
    public static Cost Of(Action work)
    {
        double cpu = OwnCpuS();
        long began = Stopwatch.GetTimestamp();
        work();
        return new Cost(OwnCpuS() - cpu, Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    /// <summary>Of a program run to its end, its children waited for by it included.</summary>
    /// <exception cref="InvalidOperationException">it did not end with 0: with what it said last</exception>
    public static Cost OfProgram(string program, params ReadOnlySpan<string> arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        double cpu = ChildrenCpuS();
        long began = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)
            ?? throw new InvalidOperationException($"{program}: could not be started");
        var said = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            string words = said.GetAwaiter().GetResult();
            throw new InvalidOperationException(
                $"{program} ended with {process.ExitCode}: {words[Math.Max(0, words.Length - 2000)..]}");
        }

        return new Cost(ChildrenCpuS() - cpu, Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    /// <summary>Processor seconds of this process so far.</summary>
    public static double OwnCpuS() => UsedS(who: 0);

    /// <summary>Resident memory of a process, bytes; null when it is gone.</summary>
    public static long? ResidentBytes(int pid)
    {
        try
        {
            foreach (string line in File.ReadLines($"/proc/{pid}/status"))
            {
                if (!line.StartsWith("VmRSS:", StringComparison.Ordinal)) continue;
                string number = line.AsSpan(6).Trim().ToString().Split(' ')[0];
                return long.Parse(number, CultureInfo.InvariantCulture) * 1024;
            }

            return null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    static double ChildrenCpuS() => UsedS(who: -1);

    // struct rusage begins with two timevals (user, system) of two longs each: so on every 64-bit Linux (getrusage(2)).
    static double UsedS(int who)
    {
        Span<long> usage = stackalloc long[18];
        if (Native.GetUsage(who, ref MemoryMarshal.GetReference(usage)) != 0)
            throw new InvalidOperationException($"getrusage: errno {Marshal.GetLastPInvokeError()}");
        return usage[0] + usage[2] + ((usage[1] + usage[3]) / 1e6);
    }

    static partial class Native
    {
        [LibraryImport("libc", EntryPoint = "getrusage", SetLastError = true)]
        public static partial int GetUsage(int who, ref long usage);
    }
}
