using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>The log goes to the error stream, a line an event; the journal adds what it wants.</summary>
static class ConsoleLog
{
    public static ILoggerFactory Create(LogLevel least) => LoggerFactory.Create(log =>
    {
        log.SetMinimumLevel(least);
        log.AddSimpleConsole(line =>
        {
            line.SingleLine = true;
            line.TimestampFormat = "HH:mm:ss ";
            line.ColorBehavior = LoggerColorBehavior.Disabled;
        });
        log.Services.Configure<ConsoleLoggerOptions>(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
    });
}
