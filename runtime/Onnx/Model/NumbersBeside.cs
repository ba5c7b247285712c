using System.Globalization;

namespace EdgeAppliance.Onnx.Model;

/// <summary>Where a tensor's numbers lie in a file beside the model.</summary>
/// <param name="Location">the file, relative to the model's folder</param>
/// <param name="Length">bytes; null: to the file's end</param>
sealed record NumbersBeside(string Location, long Offset, long? Length)
{
    public static NumbersBeside From(Dictionary<string, string> entries, WireReader reader)
    {
        if (!entries.TryGetValue("location", out string? location) || location.Length == 0)
            throw reader.Fault("a tensor's numbers are elsewhere, without saying where");
        return new NumbersBeside(location, Number("offset") ?? 0, Number("length"));

        long? Number(string key) => !entries.TryGetValue(key, out string? text) ? null
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : -1;
    }

    /// <summary>The numbers.</summary>
    /// <param name="folder">the model's; null when it did not come from a file</param>
    /// <exception cref="OnnxFormatException">no such file, another length, or a file outside the folder</exception>
    public byte[] Read(string tensor, string? folder, long wanted)
    {
        string where = $"tensor '{tensor}' lies in {Location}";
        if (folder is null) throw new OnnxFormatException($"{where}: open the model by its file's path");
        // A model is foreign data: it may not reach out of its own folder.
        if (PathIn(folder) is not { } path)
            throw new OnnxFormatException($"{where}: outside the model's folder, refused");
        if (Offset < 0 || Length < 0 || (Length ?? wanted) != wanted)
            throw new OnnxFormatException($"{where}: {wanted} bytes wanted, {Length} from {Offset} stated");
        if (wanted > Array.MaxLength)
            throw new OnnxFormatException($"{where}: {wanted} bytes are 2 GiB or more, refused");
        try
        {
            using var file = File.OpenRead(path);
            if (file.Length - Offset < wanted)
                throw new OnnxFormatException($"{where}: {wanted} bytes from {Offset} wanted, it has {file.Length}");
            byte[] bytes = new byte[wanted];
            file.Position = Offset;
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception fault) when (fault is not OnnxFormatException and (IOException or UnauthorizedAccessException))
        {
            throw new OnnxFormatException($"{where}: {fault.Message}", fault);
        }
    }

    /// <summary>The file's full path; null where it is not below the folder.</summary>
    string? PathIn(string folder)
    {
        if (Location.Contains('\0', StringComparison.Ordinal) || Path.IsPathRooted(Location)) return null;
        string root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) + Path.DirectorySeparatorChar;
        string path = Path.GetFullPath(Path.Combine(root, Location));
        return path.StartsWith(root, StringComparison.Ordinal) ? path : null;
    }
}
