namespace EdgeAppliance.Runtime.Settings;

/// <summary>The settings cannot be used: every fault, each with its key's path.</summary>
sealed class SettingsException : Exception
{
    public SettingsException() { }

    public SettingsException(string message) : base(message) { }

    public SettingsException(string message, Exception inner) : base(message, inner) { }

    public SettingsException(IReadOnlyList<string> faults) : base(string.Join('\n', faults)) => Faults = faults;

    public IReadOnlyList<string> Faults { get; } = [];
}
