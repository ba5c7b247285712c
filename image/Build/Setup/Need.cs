namespace EdgeAppliance.Image.Build.Setup;

/// <summary>What a need is for; a verb sets up only its own groups.</summary>
[Flags]
enum Groups
{
    Build = 1,
    Run = 2,
    Demo = 4,
    Test = 8,
    All = Build | Run | Demo | Test,
}

/// <summary>One thing that has to be on the machine.</summary>
/// <param name="What">its name for a person, with what it is for</param>
/// <param name="For">who needs it</param>
/// <param name="IsThere">looks for the thing itself, not for a package, so that other distributions do as well</param>
/// <param name="Installer">how it comes here</param>
sealed record Need(string What, Groups For, Func<bool> IsThere, Installer Installer);

/// <summary>How a need is met.</summary>
abstract record Installer;

/// <summary>By Debian packages: for each, the names it has in one release or another, the newest known first.</summary>
sealed record Apt(params string[][] Packages) : Installer
{
    /// <summary>Packages that have one name everywhere.</summary>
    public static Apt Named(params string[] names) => new([.. names.Select(n => new[] { n })]);

    /// <summary>A library whose package carries its version's number: libavcodec59.</summary>
    public static Apt Versioned(string stem, params int[] versions) => new([[.. versions.Select(v => $"{stem}{v}")]]);
}

/// <summary>By npm, exactly as package-lock.json has it; install scripts do not run.</summary>
sealed record Npm : Installer;
