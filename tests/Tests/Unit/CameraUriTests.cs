using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Camera;

namespace EdgeAppliance.Tests.Unit;

public sealed class CameraUriTests
{
    [Theory]
    [InlineData("file:clips/a.mp4", CameraScheme.File, "clips/a.mp4")]
    [InlineData("file:///data/a b.mp4", CameraScheme.File, "/data/a b.mp4")]
    [InlineData("loop:clips/a.mp4", CameraScheme.Loop, "clips/a.mp4")]
    [InlineData("v4l2:///dev/video2", CameraScheme.V4l2, "/dev/video2")]
    [InlineData("csi://1", CameraScheme.Csi, "1")]
    [InlineData("twin://yard", CameraScheme.Twin, "yard")]
    [InlineData("rtsp://10.0.0.7:8554/live", CameraScheme.Rtsp, "rtsp://10.0.0.7:8554/live")]
    public void An_address_is_read(string text, CameraScheme scheme, string target)
    {
        var uri = CameraUri.Parse(text);
        Assert.Equal(scheme, uri.Scheme);
        Assert.Equal(target, uri.Target);
        Assert.Equal(scheme != CameraScheme.File, uri.IsLive);
    }

    [Theory]
    [InlineData("rtsp://admin:hunter2@cam/live", "rtsp://admin:***@cam/live")]
    [InlineData("rtsp://admin:p@ss:w@cam/live", "rtsp://admin:***@cam/live")]
    [InlineData("rtsp://cam/live?user=a&password=hunter2&q=1", "rtsp://cam/live?user=a&password=***&q=1")]
    [InlineData("rtsp://cam/live?authToken=hunter2", "rtsp://cam/live?authToken=***")]
    public void A_password_is_never_shown(string text, string shown)
    {
        Assert.Equal(shown, CameraUri.Redact(text));
        if (CameraUri.TryParse(text, out var uri, out _)) Assert.Equal(shown, uri.ToString());
    }

    [Theory]
    [InlineData("clip.mp4", "unknown kind of camera")]
    [InlineData("http://x:hunter2@cam/", "unknown kind of camera")]
    [InlineData("file:", "without a path")]
    [InlineData("loop:", "without a path")]
    [InlineData("rtsp://", "not a network address")]
    [InlineData("v4l2:video0", "not a device")]
    [InlineData("csi://left", "not a sensor")]
    public void What_is_no_address_is_refused_in_words(string text, string words)
    {
        var refused = Assert.Throws<DeviceException>(() => CameraUri.Parse(text));
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refused.Message, StringComparison.Ordinal);
        Assert.True(refused.IsFinal);
    }
}
