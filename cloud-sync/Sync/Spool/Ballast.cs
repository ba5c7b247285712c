namespace EdgeAppliance.CloudSync.Spool;

/// <summary>
/// A file that only takes up space. When others have filled the disk, even a deletion needs room in the write-ahead
/// log: dropping this gives it. It is made again when the disk has room for it twice.
/// </summary>
sealed class Ballast(string path, long bytes)
{
    const int BlockBytes = 1 << 16;
    // Without a file of its own, the room below which growth stays frozen: a few times the log.
    const long RoomBytesMin = 4 << 20;

    bool _isThere = File.Exists(path) && new FileInfo(path).Length == bytes;

    /// <summary>Makes it where it is missing and the disk allows; false while the disk does not.</summary>
    public bool Restore()
    {
        if (_isThere) return true;
        if (Disk.FreeBytes(SpoolDatabase.Folder(path)) < Math.Max(2 * bytes, RoomBytesMin)) return false;
        if (bytes == 0) return true;
        try
        {
            using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            // Not zeros: a file system that compresses or leaves holes would keep no space for them.
            byte[] block = new byte[BlockBytes];
            Random.Shared.NextBytes(block);
            for (long left = bytes; left > 0; left -= BlockBytes) file.Write(block, 0, (int)Math.Min(left, BlockBytes));
            _isThere = true;
        }
        catch (IOException fault) when (Disk.IsFull(fault))
        {
            File.Delete(path);
        }

        return _isThere;
    }

    public void Drop()
    {
        File.Delete(path);
        _isThere = false;
    }
}
