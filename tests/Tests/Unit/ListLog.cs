using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Tests.Unit;

/// <summary>Keeps what is logged, for a test to read.</summary>
sealed class ListLog : ILogger
{
    public ConcurrentQueue<(LogLevel Level, int Id, string Text)> Lines { get; } = new();

    public bool Has(int id) => Lines.Any(line => line.Id == id);

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue((logLevel, eventId.Id, formatter(state, exception)));
}
