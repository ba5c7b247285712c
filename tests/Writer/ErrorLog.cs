using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Writer;

/// <summary>One line an event on standard error.</summary>
sealed class ErrorLog : ILogger
{
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) Console.Error.WriteLine($"{logLevel} [{eventId.Id}] {formatter(state, exception)}");
    }
}
