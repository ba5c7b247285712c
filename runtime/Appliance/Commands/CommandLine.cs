using System.CommandLine;
using EdgeAppliance.Drivers;
using EdgeAppliance.Onnx.Model;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>The words the program understands, and what its end tells.</summary>
static class CommandLine
{
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors)
    {
        var parsed = Root(output, errors).Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors) errors.WriteLine($"edge-appliance: {error.Message}");
            errors.WriteLine("edge-appliance --help tells the words it knows");
            return ExitStatus.Usage;
        }

        using var signals = new Signals();
        // Signals are ours: a stop drains, which the library's own two seconds would cut short.
        var invocation = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
            Output = output,
            Error = errors,
        };
        try { return await parsed.InvokeAsync(invocation, signals.Stop); }
        catch (SettingsException fault)
        {
            foreach (string line in fault.Faults) errors.WriteLine($"edge-appliance: {line}");
            return ExitStatus.Settings;
        }
        catch (Exception fault) when (StatusOf(fault) is { } status)
        {
            errors.WriteLine($"edge-appliance: {fault.Message}");
            return status;
        }
    }

    /// <summary>Null for what nobody expected: the process then ends with the trace, as a bug should.</summary>
    public static int? StatusOf(Exception fault) => fault switch
    {
        DeviceException or DllNotFoundException => ExitStatus.Unavailable,
        FileNotFoundException or DirectoryNotFoundException => ExitStatus.NoInput,
        InvalidDataException or OnnxFormatException => ExitStatus.Unusable,
        IOException or UnauthorizedAccessException => ExitStatus.Disk,
        BugException => ExitStatus.Software,
        OperationCanceledException => ExitStatus.Ok,
        _ => null,
    };

    static RootCommand Root(TextWriter output, TextWriter errors)
    {
        var root = new RootCommand("Sees, knows who carries which tag, and sends samples that label themselves.");
        var version = new Command("version", "Says which version this is.");
        version.SetAction(_ => output.WriteLine($"edge-appliance {ProgramVersion.Text}"));
        root.Add(RunCommand.Create(output, errors));
        root.Add(DemoCommand.Create(output, errors));
        root.Add(DoctorCommand.Create(output));
        root.Add(ModelCommand.Create(output, errors));
        root.Add(KnobsCommand.Create(output));
        root.Add(CalibrateCommand.Create(output, errors));
        root.Add(version);
        return root;
    }
}
