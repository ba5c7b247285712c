using System.Diagnostics.CodeAnalysis;

namespace EdgeAppliance.Drivers;

/// <summary>A broken promise inside the program. Nobody handles it: the process ends and is started again.</summary>
public sealed class BugException : Exception
{
    public BugException() { }

    public BugException(string message) : base(message) { }

    public BugException(string message, Exception inner) : base(message, inner) { }
}

/// <summary>Where a broken promise is told.</summary>
public static class Bug
{
    /// <summary>Ends the chain with what was broken.</summary>
    [DoesNotReturn]
    public static void Throw(string what) => throw new BugException(what);
}
