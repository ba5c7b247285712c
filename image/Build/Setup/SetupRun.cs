namespace EdgeAppliance.Image.Build.Setup;

/// <summary>Looks what is missing, says it, installs it, and looks again.</summary>
static class SetupRun
{
    /// <summary>0 when all is there, at the end if not before.</summary>
    public static int Ensure(Groups groups)
    {
        var missing = Missing(Needs.All, groups);
        if (missing.Count == 0) return 0;
        Console.WriteLine("missing on this machine, to be installed now:");
        foreach (var need in missing) Console.WriteLine($"  {need.What}");

        var packages = missing.Select(n => n.Installer).OfType<Apt>().SelectMany(a => a.Packages).ToList();
        if (packages.Count > 0 && (DebianPackages.Obstacle() ?? DebianPackages.Install(packages)) is { } reason)
        {
            Console.Error.WriteLine($"setup: {reason}. Install by hand, then call again:");
            foreach (string line in ByHand(missing)) Console.Error.WriteLine(line);
            return 1;
        }

        if (missing.Exists(n => n.Installer is Npm) && !NodePackages.Install())
        {
            Console.Error.WriteLine("setup: npm could not install what package-lock.json names. By hand:");
            Console.Error.WriteLine($"  cd {Repository.Root} && npm ci --ignore-scripts");
            return 1;
        }

        // A library that apt has just brought is not in the list read before: asked of the loader itself.
        var still = Missing(missing, groups);
        foreach (var need in still) Console.Error.WriteLine($"setup: installed, and still not found: {need.What}");
        if (still.Count == 0) Console.WriteLine("setup: all there");
        return still.Count == 0 ? 0 : 1;
    }

    public static List<Need> Missing(IEnumerable<Need> needs, Groups groups) =>
        [.. needs.Where(n => (n.For & groups) != 0 && !n.IsThere())];

    /// <summary>What a person has to do, one line a need.</summary>
    public static IEnumerable<string> ByHand(IEnumerable<Need> missing) => missing.Select(need => need.Installer switch
    {
        Apt apt => $"  {need.What}: package {string.Join(" and ", apt.Packages.Select(p => string.Join(" or ", p)))}",
        _ => $"  {need.What}: npm ci --ignore-scripts",
    });
}
