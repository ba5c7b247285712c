using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace EdgeAppliance.Tests.Unit;

/// <summary>A serial port made of the kernel's pseudo-terminals: the test holds the module's end.</summary>
sealed unsafe partial class PseudoTerminal : IDisposable
{
    const int ReadWrite = 2, NoControllingTerminal = 0x100;
    int _master;

    public PseudoTerminal()
    {
        _master = Check(OpenMaster(ReadWrite | NoControllingTerminal), "posix_openpt");
        Check(Grant(_master), "grantpt");
        Check(Unlock(_master), "unlockpt");
        byte* name = stackalloc byte[128];
        Check(-Name(_master, name, 128), "ptsname_r");
        Path = Marshal.PtrToStringUTF8((nint)name)!;
    }

    /// <summary>The appliance's end: <c>/dev/pts/N</c>.</summary>
    public string Path { get; }

    public void Say(string text) => Say(Encoding.Latin1.GetBytes(text));

    public void Say(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* from = bytes)
        {
            for (int sent = 0; sent < bytes.Length;)
                sent += (int)CheckLong(Write(_master, from + sent, (nuint)(bytes.Length - sent)), "write");
        }
    }

    /// <summary>What the appliance wrote, up to and with <paramref name="end"/>; waits for it.</summary>
    public string HearTo(string end)
    {
        var heard = new StringBuilder();
        byte one;
        while (!heard.ToString().EndsWith(end, StringComparison.Ordinal))
        {
            CheckLong(Read(_master, &one, 1), "read");
            heard.Append((char)one);
        }

        return heard.ToString();
    }

    /// <summary>As when the module is pulled out.</summary>
    public void Dispose()
    {
        if (_master >= 0) _ = Close(_master);
        _master = -1;
    }

    static int Check(int answer, string call) => (int)CheckLong(answer, call);

    static nint CheckLong(nint answer, string call) => answer >= 0 ? answer
        : throw new Win32Exception(Marshal.GetLastPInvokeError(), call);

    [LibraryImport("libc", EntryPoint = "posix_openpt", SetLastError = true)]
    private static partial int OpenMaster(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt", SetLastError = true)]
    private static partial int Grant(int master);

    [LibraryImport("libc", EntryPoint = "unlockpt", SetLastError = true)]
    private static partial int Unlock(int master);

    [LibraryImport("libc", EntryPoint = "ptsname_r", SetLastError = true)]
    private static partial int Name(int master, byte* into, nuint length);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int master, byte* into, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int master, byte* from, nuint count);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
