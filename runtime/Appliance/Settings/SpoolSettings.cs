namespace EdgeAppliance.Runtime.Settings;

/// <summary>Where samples wait for their receipt.</summary>
sealed record SpoolSettings
{
    /// <summary>A folder of the appliance's own; made when it is not there.</summary>
    public string Folder { get; init; } = "spool";

    /// <summary>MiB the spool may take before it is thinned, least worthy samples first.</summary>
    public int MiBMax { get; init; } = 2048;

    /// <summary>MiB that stay free on the disk: below it nothing more is stored.</summary>
    public int MiBFreeMin { get; init; } = 256;

    /// <summary>JPEG quality of a stored frame: 1 (smallest) to 100.</summary>
    public int JpegQuality { get; init; } = 90;

    public IEnumerable<string> Faults()
    {
        if (Folder.Length == 0) yield return "spool.folder is empty: a folder's path";
        if (MiBMax < 1) yield return $"spool.miBMax is {MiBMax}: at least 1";
        if (MiBFreeMin < 0) yield return $"spool.miBFreeMin is {MiBFreeMin}: at least 0";
        if (JpegQuality is < 1 or > 100) yield return $"spool.jpegQuality is {JpegQuality}: 1 to 100";
    }
}
