using System.Globalization;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Retrain;

/// <summary>One line an event on a writer: time, level, text.</summary>
sealed class PlainLog(TextWriter writer, LogLevel least) : ILogger
{
    readonly Lock _gate = new();

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel != LogLevel.None;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        string time = DateTimeOffset.Now.ToString("yyyy-MM-dd'T'HH:mm:ss.fffzzz", CultureInfo.InvariantCulture);
        string line = $"{time} {logLevel} [{eventId.Id}] {formatter(state, exception)}";
        lock (_gate) writer.WriteLine(exception is null ? line : $"{line}\n{exception}");
    }
}
