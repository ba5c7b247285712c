using System.Net;
using EdgeAppliance.Runtime.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Runtime.Status;

/// <summary>Listens for watchers of the status page.</summary>
sealed class StatusServer : IAsyncDisposable
{
    readonly WebApplication _app;

    StatusServer(WebApplication app) => _app = app;

    /// <summary>The page's address, with the port that was found.</summary>
    public string Url => _app.Services.GetRequiredService<IServer>().Features
        .Get<IServerAddressesFeature>()!.Addresses.First();

    /// <exception cref="IOException">the port is taken</exception>
    public static async Task<StatusServer> StartAsync(
        StatusSettings settings, Func<Snapshot> snapshot, Preview preview)
    {
        var address = IPAddress.Parse(settings.Address);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => Limit(kestrel, address, settings));
        var app = builder.Build();
        new StatusPages(settings, snapshot, preview).Map(app, IPAddress.IsLoopback(address));
        await app.StartAsync();
        return new StatusServer(app);
    }

    public async ValueTask DisposeAsync()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
    }

    static void Limit(KestrelServerOptions kestrel, IPAddress address, StatusSettings settings)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = settings.WatchersMax + 32;
        kestrel.Limits.MaxRequestBodySize = 1024; // nothing here takes a body
        kestrel.Listen(address, settings.Port, listen => listen.Protocols = HttpProtocols.Http1);
    }
}
