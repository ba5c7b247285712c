using System.Globalization;
using EdgeAppliance.CloudSync.Mqtt;
using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Camera;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Onnx;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Pipeline;
using EdgeAppliance.Runtime.Settings;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Runtime.Commands;

/// <summary>The doctor's checks, each on the real thing: libraries, model, camera, broker, disk.</summary>
static class Checkup
{
    static readonly TimeSpan CameraPatience = TimeSpan.FromSeconds(15);
    static readonly TimeSpan BrokerPatience = TimeSpan.FromSeconds(5);

    public static async Task<IReadOnlyList<Finding>> RunAsync(ApplianceSettings settings, CancellationToken stop)
    {
        if (settings.Inference.Library is { } library) OnnxLibrary.UseLibrary(library);
        var findings = LibraryChecks.All().ToList();
        findings.Add(Model(settings));
        findings.Add(await Task.Run(() => Camera(settings, stop), stop));
        findings.AddRange(await RadioChecks.RunAsync(settings, stop));
        findings.Add(await BrokerAsync(settings, stop));
        findings.Add(Disk(settings.Spool));
        findings.Add(Spool(settings.Spool));
        return findings;
    }

    static Finding Model(ApplianceSettings settings)
    {
        try
        {
            // TensorRT would build an engine for minutes first: the appliance does that while it runs.
            var quick = settings.Inference with
            {
                Providers = [.. settings.Inference.Providers.Where(p => p != Provider.TensorRt.InSettings())],
            };
            using var detector = Detector.Load(ModelFolder.Load(quick.Model), quick, NullLogger.Instance);
            var facts = detector.Facts;
            return Finding.Ok("model", string.Create(CultureInfo.InvariantCulture,
                $"{facts.Model} {facts.InputWidth}x{facts.InputHeight} on {facts.Provider.InSettings()}, "
                + $"matches its card, warm after {facts.WarmUp.TotalMilliseconds:F0} ms"));
        }
        catch (Exception fault) when (IsOfTheWorld(fault))
        {
            return Finding.Fault("model", fault.Message, "set inference.model (or --model) to a model with its card");
        }
    }

    static Finding Camera(ApplianceSettings settings, CancellationToken stop)
    {
        if (settings.Camera.Uri is null) return Finding.NotSet("camera", "camera.uri or --camera says which");
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(CameraPatience);
        try
        {
            using var devices = Devices.Open(settings, untilEnd: true, MonoTime.Now, NullLogger.Instance);
            using var pool = FrameBudget.NewPool(settings, isLive: false);
            if (devices.Camera.Next(pool, out var frame, patience.Token) != Capture.Frame)
            {
                return Finding.Fault("camera", $"{devices.CameraName} has no frame", "try another stream");
            }

            using (frame)
            {
                var facts = devices.Camera.Facts;
                return Finding.Ok("camera", $"{devices.CameraName}: {facts?.Codec} "
                    + $"{frame.Format.Width}x{frame.Format.Height} by {facts?.Decoder}");
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return Finding.Fault("camera", $"no frame in {CameraPatience.TotalSeconds} s", "check cable and stream");
        }
        catch (Exception fault) when (IsOfTheWorld(fault))
        {
            return Finding.Fault("camera", fault.Message, "check camera.uri, the site's files, and the camera");
        }
    }

    static async Task<Finding> BrokerAsync(ApplianceSettings settings, CancellationToken stop)
    {
        if (settings.Mqtt.Host is null) return Finding.NotSet("broker", "mqtt.host or --broker says which");
        string name = $"{settings.Mqtt.Host}:{settings.Mqtt.Port}";
        try
        {
            // A name of its own: the appliance's session may be in use by the appliance itself.
            var options = Uplink.OptionsOf(settings) with
            {
                ClientId = $"edge-appliance-doctor-{Environment.ProcessId}",
                SessionExpiry = TimeSpan.Zero,
            };
            using var link = new MosquittoLink(options, NullLogger.Instance);
            link.Start([], new Deaf());
            long began = TimeProvider.System.GetTimestamp();
            while (link.State == LinkState.Connecting && TimeProvider.System.GetElapsedTime(began) < BrokerPatience)
            {
                await Task.Delay(20, stop);
            }

            return link.State == LinkState.Connected
                ? Finding.Ok("broker", $"{name} answers")
                : Finding.Fault("broker", $"{name}: {link.Fault ?? "no answer"}", "check mqtt.host, mqtt.port");
        }
        catch (Exception fault) when (IsOfTheWorld(fault))
        {
            return Finding.Fault("broker", fault.Message, "check the settings of mqtt");
        }
    }

    static Finding Disk(SpoolSettings spool)
    {
        string folder = Path.GetFullPath(spool.Folder);
        try
        {
            Directory.CreateDirectory(folder);
            string probe = Path.Combine(folder, $".doctor-{Environment.ProcessId}");
            File.WriteAllText(probe, "can be written");
            File.Delete(probe);
            long freeMiB = new DriveInfo(folder).AvailableFreeSpace >> 20;
            return freeMiB > spool.MiBFreeMin
                ? Finding.Ok("disk", $"{folder}: can be written, {freeMiB} MiB free")
                : Finding.Fault("disk", $"{folder}: {freeMiB} MiB free, {spool.MiBFreeMin} are to stay free",
                    "free some space, or set spool.miBFreeMin");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Finding.Fault("disk", $"{folder}: {fault.Message}", "set spool.folder to one that can be written");
        }
    }

    static Finding Spool(SpoolSettings settings)
    {
        try
        {
            using var spool = Store.OpenSpool(settings, NullLogger.Instance);
            var counts = spool.Counts;
            return Finding.Ok("spool", $"{counts.Pending} samples wait, {counts.Acknowledged} acknowledged so far");
        }
        catch (Exception fault) when (IsOfTheWorld(fault))
        {
            return Finding.Fault("spool", fault.Message, "stop the other process, or set another spool.folder");
        }
    }

    /// <summary>A library, a file, a device or a disk is not as it should be; the rest are bugs.</summary>
    static bool IsOfTheWorld(Exception fault) =>
        fault is DeviceException or DllNotFoundException or InvalidDataException or IOException
            or UnauthorizedAccessException;

    /// <summary>Listens to nothing: only the connection matters.</summary>
    sealed class Deaf : IMqttListener
    {
        public void Connected() { }

        public void Lost(string why) { }

        public void Arrived(string topic, ReadOnlyMemory<byte> payload) { }

        public void Answered(int publication, Answer answer, string reason) { }
    }
}
