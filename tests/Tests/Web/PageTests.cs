using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using EdgeAppliance.Runtime;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Web;

/// <summary>The page in a real browser, on an appliance that runs on the twin.</summary>
public sealed partial class PageTests : IDisposable
{
    const string Browser = "/usr/bin/chromium";

    readonly string _folder = Directory.CreateTempSubdirectory("page-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [SkippableFact]
    public async Task The_page_shows_counters_that_advance_and_a_live_picture()
    {
        Skip.IfNot(File.Exists(Browser), $"needs {Browser}: apt-get install chromium");
        var settings = new ApplianceSettings
        {
            Device = "page",
            Camera = new CameraSettings { Uri = "twin://yard?seed=1" },
            Spool = new SpoolSettings { Folder = Path.Combine(_folder, "spool") },
            Status = new StatusSettings { Port = 0 },
        };
        Skip.IfNot(Directory.Exists(settings.Inference.Model), "needs the twin's detector beside the program");
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        int held;
        await using (var outfit = await Outfit.OpenAsync(settings, null, false, NullLogger.Instance, stop.Token))
        {
            await outfit.ServeAsync();
            var running = outfit.RunAsync(stop.Token);
            long first = await FramesShown(outfit.StatusUrl!, "first", stop.Token);
            long second = await FramesShown(outfit.StatusUrl!, "second", stop.Token);
            await stop.CancelAsync();
            await running;

            Assert.True(first > 0 && second > first, $"{first} frames, then {second}");
            Assert.True(outfit.Chain.Links[3].Taken > 0, "no picture was drawn for the browser");
            Assert.All(outfit.Chain.Links, link => Assert.True(link.Balances, link.ToString()));
            held = outfit.Pool.Held;
        }

        Assert.Equal(0, held);
    }

    /// <summary>What the browser shows as sent on the first link; a busy machine may need more looks.</summary>
    async Task<long> FramesShown(string url, string profile, CancellationToken stop)
    {
        string page = "";
        for (int look = 0; look < 4; look++)
        {
            page = await Look(url, $"{profile}{look}", stop);
            if (FramesRow().Match(page) is { Success: true } row)
            {
                return long.Parse(row.Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
            }
        }

        Assert.Fail(page);
        return 0;
    }

    async Task<string> Look(string url, string profile, CancellationToken stop)
    {
        var start = new ProcessStartInfo(Browser,
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            $"--user-data-dir={Path.Combine(_folder, profile)}", "--timeout=6000", "--dump-dom", url,
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var browser = Process.Start(start)!;
        browser.ErrorDataReceived += (_, _) => { };
        browser.BeginErrorReadLine();
        string page = await browser.StandardOutput.ReadToEndAsync(stop);
        await browser.WaitForExitAsync(stop);
        return page;
    }

    [GeneratedRegex("<td>frames</td><td>([0-9,]+)</td>")]
    private static partial Regex FramesRow();
}
