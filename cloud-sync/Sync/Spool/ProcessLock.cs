using System.Globalization;
using System.Text;

namespace EdgeAppliance.CloudSync.Spool;

/// <summary>One process at a time: a lock that the kernel lets go of when the process dies, however it dies.</summary>
public static class ProcessLock
{
    /// <summary>Takes the lock; disposing the file lets go of it.</summary>
    /// <param name="what">for the message: <c>the spool /var/lib/…</c></param>
    /// <param name="setting">for the message: what names another one</param>
    /// <exception cref="IOException">another process has it</exception>
    public static FileStream Take(string path, string what, string setting)
    {
        FileStream file;
        try { file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None); }
        catch (IOException fault)
            when (fault.GetType() == typeof(IOException) && File.Exists(path) && !Disk.IsFull(fault))
        {
            throw new IOException($"{what} is in use by another process (lock {path}): stop that one, "
                + $"or give this one a {setting} of its own", fault);
        }

        file.SetLength(0);
        file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
        file.Flush();
        return file;
    }
}
