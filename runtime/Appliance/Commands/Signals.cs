using System.Runtime.InteropServices;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>The first SIGINT or SIGTERM asks for a stop that drains; a second one ends the process as usual.</summary>
sealed class Signals : IDisposable
{
    readonly CancellationTokenSource _stop = new();
    readonly PosixSignalRegistration[] _registered;

    public Signals() => _registered =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Ask),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Ask),
    ];

    public CancellationToken Stop => _stop.Token;

    public void Dispose()
    {
        foreach (var each in _registered) each.Dispose();
        _stop.Dispose();
    }

    void Ask(PosixSignalContext context)
    {
        if (_stop.IsCancellationRequested) return;
        context.Cancel = true;
        _stop.Cancel();
    }
}
