using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text;
using EdgeAppliance.Runtime.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace EdgeAppliance.Runtime.Status;

/// <summary>What is served: <c>/</c>, <c>/healthz</c>, <c>/api/status</c>, <c>/stream.mjpg</c>.</summary>
sealed class StatusPages(StatusSettings settings, Func<Snapshot> snapshot, Preview preview)
{
    /// <summary>A watcher that takes longer than this to read one picture is let go.</summary>
    static readonly TimeSpan SlowWatcher = TimeSpan.FromSeconds(5);

    static readonly byte[] Page = Embedded("page.html");

    public void Map(WebApplication app, bool isLoopback)
    {
        // A page elsewhere may point a name of its own at this machine (DNS rebinding): then the picture would be its.
        if (isLoopback) app.Use(RefuseForeignNames);
        app.MapGet("/", (RequestDelegate)SendPage);
        app.MapGet("/healthz", (RequestDelegate)SendHealth);
        app.MapGet("/api/status", (RequestDelegate)SendStatus);
        app.MapGet("/stream.mjpg", (RequestDelegate)StreamAsync);
    }

    static Task RefuseForeignNames(HttpContext context, RequestDelegate next)
    {
        if (IsLocal(context.Request.Host.Host)) return next(context);
        context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
        return Task.CompletedTask;
    }

    static bool IsLocal(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    static Task SendPage(HttpContext context)
    {
        var response = context.Response;
        response.ContentType = "text/html; charset=utf-8";
        response.ContentLength = Page.Length;
        response.Headers.CacheControl = "no-cache";
        response.Headers.ContentSecurityPolicy =
            "default-src 'none'; img-src 'self' data:; connect-src 'self'; style-src 'unsafe-inline'; "
            + "script-src 'unsafe-inline'; frame-ancestors 'none'";
        return response.Body.WriteAsync(Page).AsTask();
    }

    Task SendStatus(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsJsonAsync(snapshot(), StatusJson.Default.Snapshot);
    }

    Task SendHealth(HttpContext context)
    {
        var now = snapshot();
        context.Response.Headers.CacheControl = "no-store";
        context.Response.StatusCode = now.Healthy
            ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsJsonAsync(
            new Health(now.Healthy, now.Camera.FrameAgeS, now.Fault), StatusJson.Default.Health);
    }

    async Task StreamAsync(HttpContext context)
    {
        if (!preview.TryWatch(settings.WatchersMax))
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        try
        {
            context.Response.ContentType = "multipart/x-mixed-replace; boundary=picture";
            context.Response.Headers.CacheControl = "no-store";
            while (await preview.NextAsync().WaitAsync(context.RequestAborted) is { } picture)
            {
                using var slow = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
                slow.CancelAfter(SlowWatcher);
                await WritePart(context.Response.Body, picture, slow.Token);
            }
        }
        catch (OperationCanceledException)
        {
            context.Abort(); // gone, or too slow to keep
        }
        finally
        {
            preview.StopWatching();
        }
    }

    static async Task WritePart(Stream body, Picture picture, CancellationToken stop)
    {
        string head = string.Create(CultureInfo.InvariantCulture,
            $"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {picture.Jpeg.Length}\r\n\r\n");
        await body.WriteAsync(Encoding.ASCII.GetBytes(head), stop);
        await body.WriteAsync(picture.Jpeg, stop);
        await body.WriteAsync("\r\n"u8.ToArray(), stop);
        await body.FlushAsync(stop);
    }

    static byte[] Embedded(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not embedded");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
