using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using EdgeAppliance.CloudSync.Mqtt;
using EdgeAppliance.Retrain.Dataset;
using EdgeAppliance.Retrain.Ingest;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Retrain;

/// <summary>The command line of <c>edge-retrain</c>.</summary>
static class Commands
{
    // sysexits.h
    const int DataFault = 65;
    const int NoInput = 66;
    const int Unavailable = 69;
    const int IoFault = 74;
    const int ConfigurationFault = 78;

    static readonly Option<DirectoryInfo> Dataset = new("--dataset")
    {
        Description = "the data set's folder: images/, journal.jsonl, annotations.json (COCO), detections.jsonl",
        Required = true,
    };

    static readonly Option<string> Broker = new("--broker")
    {
        Description = "the MQTT broker, HOST or HOST:PORT; without a port 1883, with --tls 8883",
        DefaultValueFactory = _ => "localhost",
        Validators = { CheckBroker },
    };

    static readonly Option<string> Client = new("--client-id")
    {
        Description = "this endpoint's session at the broker; the same over restarts, no other client's",
        DefaultValueFactory = _ => "edge-retrain",
    };

    static readonly Option<bool> Tls = new("--tls") { Description = "encrypt, trusting the system's authorities" };
    static readonly Option<string?> TlsAuthority = new("--tls-ca")
    {
        Description = "PEM file of the authorities to trust",
    };

    static readonly Option<string?> TlsCertificate = new("--tls-cert")
    {
        Description = "PEM file of the own certificate",
    };

    static readonly Option<string?> TlsKey = new("--tls-key") { Description = "PEM file of the own key" };
    static readonly Option<string?> User = new("--user") { Description = "user name at the broker" };

    static readonly Option<FileInfo?> PasswordFile = new("--password-file")
    {
        Description = "file whose first line is the password (a command line is seen by everybody)",
    };

    static readonly Option<int> Reserve = new("--reserve-mb")
    {
        Description = "disk space left alone, MiB: below it nothing is taken in and no receipt sent",
        DefaultValueFactory = _ => 256,
    };

    static readonly Option<double> CocoEvery = new("--coco-every")
    {
        Description = "seconds between makings of annotations.json, at least; also made at the end and by 'coco'",
        DefaultValueFactory = _ => 10,
    };

    static readonly Option<int> VideoMiB = new("--video-mb")
    {
        Description = "MiB of the devices' newest video to keep in the data set's video/; 0: none is taken",
        DefaultValueFactory = _ => 0,
        Validators = { CheckVideo },
    };

    static readonly Option<bool> Json = new("--json") { Description = "as JSON" };

    public static RootCommand Root()
    {
        var ingest = new Command("ingest", "take samples in from the broker, write the data set, answer with receipts")
        {
            Dataset, Broker, Client, Tls, TlsAuthority, TlsCertificate, TlsKey, User, PasswordFile, Reserve, CocoEvery,
            VideoMiB,
        };
        ingest.SetAction(IngestAsync);
        var coco = new Command("coco", "make annotations.json and detections.jsonl from the journal, now") { Dataset };
        coco.SetAction(parsed => OnDataSet(parsed, static folder => Console.Out.WriteLine(
            $"{CocoFile.Write(folder)} images in {Path.Combine(folder, CocoFile.AnnotationsName)}")));
        var stats = new Command("stats", "count what a data set holds") { Dataset, Json };
        stats.SetAction(parsed => OnDataSet(
            parsed, folder => Print(DataSetCounting.Count(folder), parsed.GetValue(Json))));
        return new RootCommand("The retraining endpoint: samples in, data set out.") { ingest, coco, stats };
    }

    static async Task<int> IngestAsync(ParseResult parsed, CancellationToken stop)
    {
        var log = new PlainLog(Console.Error, LogLevel.Information);
        var ingest = new IngestOptions
        {
            DiskReserveBytes = (long)parsed.GetValue(Reserve) << 20,
            CocoEvery = TimeSpan.FromSeconds(parsed.GetValue(CocoEvery)),
        };
        try
        {
            var mqtt = Mqtt(parsed);
            if (mqtt.Faults().Concat(ingest.Faults()).ToList() is { Count: > 0 } faults)
                return Complain(ConfigurationFault, [.. faults]);
            await IngestAsync(parsed, mqtt, ingest, log, stop).ConfigureAwait(false);
            return 0;
        }
        catch (DllNotFoundException fault)
        {
            return Complain(Unavailable, fault.Message);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Complain(IoFault, fault.Message);
        }
    }

    static async Task IngestAsync(
        ParseResult parsed, MqttOptions mqtt, IngestOptions ingest, ILogger log, CancellationToken stop)
    {
        using var set = DataSetFolder.Open(parsed.GetValue(Dataset)!.FullName, log);
        using var video = OpenVideo(parsed, log);
        using var link = new MosquittoLink(mqtt, log);
        await new Intake(set, link, ingest, log, video).RunAsync(stop).ConfigureAwait(false);
    }

    static VideoShelf? OpenVideo(ParseResult parsed, ILogger log) => parsed.GetValue(VideoMiB) is > 0 and var most
        ? new VideoShelf(Path.Combine(parsed.GetValue(Dataset)!.FullName, "video"), (long)most << 20, log)
        : null;

    static MqttOptions Mqtt(ParseResult parsed)
    {
        var (host, port) = SplitBroker(parsed.GetValue(Broker)!)!.Value;
        bool isTls = parsed.GetValue(Tls) || parsed.GetValue(TlsAuthority) is not null;
        return new MqttOptions
        {
            Host = host,
            Port = port != 0 ? port : isTls ? 8883 : 1883,
            ClientId = parsed.GetValue(Client)!,
            IsTls = isTls,
            TlsAuthorityFile = parsed.GetValue(TlsAuthority),
            TlsCertificateFile = parsed.GetValue(TlsCertificate),
            TlsKeyFile = parsed.GetValue(TlsKey),
            UserName = parsed.GetValue(User),
            Password = parsed.GetValue(PasswordFile) is { } file
                ? File.ReadLines(file.FullName).FirstOrDefault()
                : null,
        };
    }

    static void CheckVideo(OptionResult option)
    {
        if (option.GetValueOrDefault<int>() < 0) option.AddError("--video-mb: at least 0");
    }

    static void CheckBroker(OptionResult option)
    {
        if (option.Tokens is [{ Value: var text }] && SplitBroker(text) is null)
            option.AddError($"--broker {text}: HOST or HOST:PORT, the port 1 to 65535");
    }

    /// <summary>Host and port of an address, port 0 where it names none; null when it is no address.</summary>
    public static (string Host, int Port)? SplitBroker(string text)
    {
        int colon = text.LastIndexOf(':');
        // An IPv6 address has more than one colon: its port stands behind brackets.
        bool hasPort = colon > 0 && (text.IndexOf(':', StringComparison.Ordinal) == colon || text[colon - 1] == ']');
        if (!hasPort) return text.Trim('[', ']') is { Length: > 0 } host && host[0] != ':' ? (host, 0) : null;
        return int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            && port is > 0 and <= 65535 ? (text[..colon].Trim('[', ']'), port) : null;
    }

    static int OnDataSet(ParseResult parsed, Action<string> work)
    {
        string folder = parsed.GetValue(Dataset)!.FullName;
        if (!File.Exists(Path.Combine(folder, DataSetFolder.JournalName)))
            return Complain(NoInput, $"{folder} is no data set: it has no {DataSetFolder.JournalName}");
        try
        {
            work(folder);
            return 0;
        }
        catch (JsonException fault)
        {
            return Complain(DataFault, $"{folder}: {fault.Message}");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Complain(IoFault, fault.Message);
        }
    }

    static void Print(DataSetStats stats, bool isJson)
    {
        if (isJson)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(stats, DatasetJson.Default.DataSetStats));
            return;
        }

        Console.Out.WriteLine($"images       {stats.Images}, {stats.ImagesMissing} of them missing in the folder");
        Console.Out.WriteLine($"annotations  {stats.Annotations}");
        foreach (var (name, count) in stats.AnnotationsByClass) Console.Out.WriteLine($"  {name,-18} {count}");
        Console.Out.WriteLine($"detections   {stats.Detections}, kept apart");
        Console.Out.WriteLine($"journal      {stats.DamagedLines} damaged lines");
        Console.Out.WriteLine(stats.Coco is { } coco
            ? $"COCO file    {coco.Images} images, {coco.Annotations} annotations, {coco.BoxesOutside} outside"
            : "COCO file    not made yet: edge-retrain coco --dataset DIR");
    }

    static int Complain(int code, params ReadOnlySpan<string> faults)
    {
        foreach (string fault in faults) Console.Error.WriteLine($"edge-retrain: {fault}");
        return code;
    }
}
