namespace EdgeAppliance.Runtime.Commands;

/// <summary>What the program ends with: the numbers of sysexits.h, which systemd and scripts know.</summary>
static class ExitStatus
{
    public const int Ok = 0;

    /// <summary>
    /// It ran, and what it was to show did not come out (demo), something has a fault (doctor), or models differ
    /// (diff).
    /// </summary>
    public const int Failed = 1;

    /// <summary>The command line cannot be understood.</summary>
    public const int Usage = 64;

    /// <summary>A model, geometry, registry or recording cannot be used: damaged, or not what its card says.</summary>
    public const int Unusable = 65;

    /// <summary>A file or folder that was named is not there.</summary>
    public const int NoInput = 66;

    /// <summary>A device or a native library is not there, or refuses.</summary>
    public const int Unavailable = 69;

    /// <summary>A bug of this program.</summary>
    public const int Software = 70;

    /// <summary>A disk failed or is full.</summary>
    public const int Disk = 74;

    /// <summary>The settings have faults: starting again without mending them cannot help.</summary>
    public const int Settings = 78;
}
