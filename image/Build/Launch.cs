namespace EdgeAppliance.Image.Build;

/// <summary>Builds the programs and starts the appliance on the caller's terminal, in the caller's folder.</summary>
static class Launch
{
    const string Appliance = "runtime/Appliance";
    const string Endpoint = "cloud-sync/Retrain";

    public static int Run(string[] words)
    {
        int built = Dotnet.Build(Repository.Below(Appliance));
        return built != 0 ? built : Start("run", Verb.Passed(words));
    }

    public static int Demo(string[] words)
    {
        int built = Dotnet.Build(Repository.Below(Appliance));
        if (built == 0) built = Dotnet.Build(Repository.Below(Endpoint));
        if (built != 0) return built;
        string endpoint = Path.ChangeExtension(Repository.Built(Endpoint, "edge-retrain"), null);
        return Start("demo", [.. Verb.Passed(words), "--endpoint", endpoint]);
    }

    static int Start(string verb, string[] words) =>
        Tool.Run("dotnet", [Repository.Built(Appliance, "edge-appliance"), verb, .. words]);
}
