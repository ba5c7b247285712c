using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace EdgeAppliance.Drivers.Camera;

/// <summary>Where frames come from.</summary>
public enum CameraScheme
{
    /// <summary><c>file:PATH</c>: a recording.</summary>
    File,

    /// <summary><c>loop:PATH</c>: a recording shown at its own pace, again and again, as a live camera.</summary>
    Loop,

    /// <summary><c>rtsp://…</c>: a network camera.</summary>
    Rtsp,

    /// <summary><c>v4l2:///dev/videoN</c>: a camera of the kernel's.</summary>
    V4l2,

    /// <summary><c>csi://N</c>: a sensor on a Jetson's camera connector.</summary>
    Csi,

    /// <summary><c>twin://NAME</c>: the simulated world.</summary>
    Twin,
}

/// <summary>
/// A camera's address. Prints without its password, wherever one may stand: behind the user's name or in the query.
/// </summary>
public sealed partial class CameraUri
{
    CameraUri(CameraScheme scheme, string address, string shown)
    {
        Scheme = scheme;
        Address = address;
        Shown = shown;
    }

    public CameraScheme Scheme { get; }

    /// <summary>
    /// What the device is opened with, secrets included, so not for logs: a path for <c>file:</c>, <c>loop:</c> and
    /// <c>v4l2:</c>, the sensor's number for <c>csi:</c>, the name for <c>twin:</c>, the whole address for
    /// <c>rtsp:</c>.
    /// </summary>
    internal string Address { get; }

    /// <summary>For people: the address without any password.</summary>
    public string Shown { get; }

    /// <summary>The path, number or name behind the scheme; for RTSP the address without any password.</summary>
    public string Target => Scheme == CameraScheme.Rtsp ? Shown : Address;

    /// <summary>False for a recording.</summary>
    public bool IsLive => Scheme != CameraScheme.File;

    /// <exception cref="DeviceException">not an address: says what is wrong and what is known</exception>
    public static CameraUri Parse(string text) => TryParse(text, out var uri, out string? fault)
        ? uri
        : throw new DeviceException(Redact(text), "camera address", fault) { IsFinal = true };

    /// <summary>The address, or what is wrong with it.</summary>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out CameraUri? uri, [NotNullWhen(false)] out string? fault)
    {
        uri = null;
        fault = null;
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string scheme = colon < 0 ? "" : text[..colon].ToUpperInvariant();
        string rest = text[(colon + 1)..];
        switch (scheme)
        {
            case "FILE":
                uri = FromPath(CameraScheme.File, "file", rest, out fault);
                break;
            case "LOOP":
                uri = FromPath(CameraScheme.Loop, "loop", rest, out fault);
                break;
            case "RTSP" or "RTSPS":
                uri = FromNetwork(text, out fault);
                break;
            case "V4L2":
                uri = FromDevice(rest, out fault);
                break;
            case "CSI":
                uri = FromSensor(rest, out fault);
                break;
            case "TWIN":
                string name = rest.TrimStart('/');
                uri = new CameraUri(CameraScheme.Twin, name, $"twin://{name}");
                break;
            default:
                fault = "unknown kind of camera: file:PATH, loop:PATH, rtsp://HOST/PATH, v4l2:///dev/videoN, " +
                    "csi://N and twin://NAME are known";
                break;
        }

        return uri is not null;
    }

    public override string ToString() => Shown;

    /// <summary>The text without passwords, whether or not it is an address.</summary>
    public static string Redact(string text) =>
        SecretInQuery().Replace(UserPassword().Replace(text, "$1:***@"), "$1=***");

    static CameraUri? FromPath(CameraScheme scheme, string word, string rest, out string? fault)
    {
        string path = rest.StartsWith("///", StringComparison.Ordinal) ? rest[2..] : rest;
        fault = path.Length == 0 ? $"{word}: without a path: {word}:clip.mp4 or {word}:/data/clip.mp4" : null;
        return fault is null ? new CameraUri(scheme, path, $"{word}:{path}") : null;
    }

    static CameraUri? FromNetwork(string text, out string? fault)
    {
        fault = !Uri.TryCreate(text, UriKind.Absolute, out var parsed) || parsed.Host.Length == 0
            ? "not a network address: rtsp://HOST[:PORT]/PATH, special letters in user and password percent-encoded"
            : null;
        return fault is null ? new CameraUri(CameraScheme.Rtsp, text, Redact(text)) : null;
    }

    static CameraUri? FromDevice(string rest, out string? fault)
    {
        string path = rest.StartsWith("//", StringComparison.Ordinal) ? rest[2..] : rest;
        fault = path.StartsWith("/dev/", StringComparison.Ordinal)
            ? null
            : "not a device: v4l2:///dev/videoN, with three slashes";
        return fault is null ? new CameraUri(CameraScheme.V4l2, path, $"v4l2://{path}") : null;
    }

    static CameraUri? FromSensor(string rest, out string? fault)
    {
        string number = rest.TrimStart('/');
        bool isNumber = int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int sensor);
        fault = isNumber ? null : "not a sensor: csi://0 is the first one";
        return isNumber
            ? new CameraUri(CameraScheme.Csi, sensor.ToString(CultureInfo.InvariantCulture), $"csi://{sensor}")
            : null;
    }

    // The last @ before the path ends the user's part: passwords hold @ more often than they are encoded.
    [GeneratedRegex(@"(?<=//)([^:/@?#]*):[^/?#]*@")]
    private static partial Regex UserPassword();

    [GeneratedRegex(@"(?<=[?&;])([^=&;#]*(?:pass|pwd|token|key|secret|auth)[^=&;#]*)=[^&;#]*", RegexOptions.IgnoreCase)]
    private static partial Regex SecretInQuery();
}
