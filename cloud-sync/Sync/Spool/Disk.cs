using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EdgeAppliance.CloudSync.Spool;

/// <summary>Files that survive a power cut: written beside, flushed, renamed, and the folder flushed too.</summary>
public static partial class Disk
{
    const int ReadOnlyCloseOnExec = 0x80000; // O_RDONLY, O_CLOEXEC: the same on x64 and arm64
    const int NoSpace = 28;             // ENOSPC
    const int NoQuota = 122;            // EDQUOT

    /// <summary>Space an ordinary user may still write there, bytes.</summary>
    public static long FreeBytes(string folder) => new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;

    /// <summary>Whether a failed write means there is no room.</summary>
    public static bool IsFull(IOException fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        return (fault.HResult & 0xffff) is NoSpace or NoQuota;
    }

    /// <summary>Writes a whole file so that a reader sees the old one or the new one, and nothing in between.</summary>
    /// <param name="flushFolder">false when the caller flushes the folder itself after several files</param>
    /// <exception cref="IOException">nothing was changed at <paramref name="path"/></exception>
    public static void Replace(string path, Action<Stream> write, bool flushFolder = true)
    {
        ArgumentNullException.ThrowIfNull(write);
        string beside = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (var stream = new FileStream(beside, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(beside, path, overwrite: true);
        }
        catch (IOException)
        {
            File.Delete(beside);
            throw;
        }

        if (flushFolder) FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Makes the names in a folder durable: without it a renamed file may be gone after a power cut.</summary>
    public static void FlushFolder(string folder)
    {
        using var handle = OpenFolder(folder, ReadOnlyCloseOnExec);
        if (handle.IsInvalid || FSync(handle) != 0)
            throw new IOException($"{folder}: flushing the folder failed: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial SafeFileHandle OpenFolder(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle handle);
}
