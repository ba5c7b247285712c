using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Radio.Recorded;
using EdgeAppliance.Drivers.Timing;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeAppliance.Tests.Unit;

public sealed class RadioUriTests
{
    [Theory]
    [InlineData("dwm1001:///dev/ttyACM0", RadioScheme.Dwm1001, "/dev/ttyACM0", true)]
    [InlineData("dwm1001:/dev/ttyACM0", RadioScheme.Dwm1001, "/dev/ttyACM0", true)]
    [InlineData("DWM1001:///dev/serial/by-id/usb-SEGGER-if00?baud=921600", RadioScheme.Dwm1001,
        "/dev/serial/by-id/usb-SEGGER-if00", true)]
    [InlineData("dwm1001:///dev/ttyACM0?api=tlv", RadioScheme.Dwm1001Tlv, "/dev/ttyACM0", true)]
    [InlineData("dwm1001-tlv:///dev/ttyACM0?rate=5", RadioScheme.Dwm1001Tlv, "/dev/ttyACM0", true)]
    [InlineData("dwm3001:///dev/ttyACM0?station=gate&azimuth=right", RadioScheme.Dwm3001, "/dev/ttyACM0", true)]
    [InlineData("ranges:///dev/ttyUSB0?baud=9600", RadioScheme.Ranges, "/dev/ttyUSB0", true)]
    [InlineData("ble://hci0", RadioScheme.Ble, "hci0", true)]
    [InlineData("mqtt-scanners:site/scanners/#", RadioScheme.MqttScanners, "site/scanners/#", true)]
    [InlineData("replay:walk.raw", RadioScheme.Replay, "walk.raw", false)]
    [InlineData("replay:///data/what?.raw", RadioScheme.Replay, "/data/what?.raw", false)]
    [InlineData("file:fixes.csv", RadioScheme.File, "fixes.csv", false)]
    [InlineData("twin", RadioScheme.Twin, "", false)]
    public void Addresses_are_read(string text, RadioScheme scheme, string target, bool isLive)
    {
        var uri = RadioUri.Parse(text);
        Assert.Equal(scheme, uri.Scheme);
        Assert.Equal(target, uri.Target);
        Assert.Equal(isLive, uri.IsLive);
        Assert.Equal(text, uri.ToString());
    }

    [Fact]
    public void Options_have_their_values_and_defaults()
    {
        var bare = RadioUri.Parse("dwm1001:///dev/ttyACM0");
        Assert.Equal((115200, 10.0, null, "ttyACM0"), (bare.Baud, bare.Rate, bare.Record, bare.Own));
        var full = RadioUri.Parse("dwm1001-tlv:///dev/ttyACM0?baud=921600&rate=2.5&tag=T1&record=%2Fdata%2Fa%26b.raw");
        Assert.Equal((921600, 2.5, "/data/a&b.raw", "T1"), (full.Baud, full.Rate, full.Record, full.Own));
    }

    [Theory]
    [InlineData("uwb:///dev/ttyACM0", "unknown kind of radio: dwm1001:///dev/ttyACM0")]
    [InlineData("dwm1001", "unknown kind of radio")]
    [InlineData("dwm1001://ttyACM0", "not a device: dwm1001:///dev/ttyACM0, with three slashes")]
    [InlineData("dwm1001:///dev/ttyACM0?speed=9600", "unknown option 'speed': dwm1001 knows baud, tag, api, rate, rec")]
    [InlineData("dwm1001:///dev/ttyACM0?baud=fast", "baud is 'fast': 1200 to 4000000, usually 115200")]
    [InlineData("dwm1001:///dev/ttyACM0?baud=9600&baud=9600", "option baud stands there twice")]
    [InlineData("dwm1001:///dev/ttyACM0?api=json", "api is 'json': shell or tlv")]
    [InlineData("dwm1001-tlv:///dev/ttyACM0?rate=100", "rate is '100': .01 to 10 a second")]
    [InlineData("dwm1001:///dev/ttyACM0?tag=a%20b", "tag is 'a b'")]
    [InlineData("dwm1001:///dev/ttyACM0?record=", "record is empty")]
    [InlineData("dwm3001:///dev/ttyACM0?tag=a&station=b", "tag and station together")]
    [InlineData("dwm3001:///dev/ttyACM0?azimuth=up", "azimuth is 'up': left or right")]
    [InlineData("ble://", "not an adapter: ble://hci0")]
    [InlineData("mqtt-scanners:", "without a topic")]
    [InlineData("replay:", "replay: without a path")]
    [InlineData("file:", "file: without a path")]
    [InlineData("twin:yard", "twin has nothing behind it")]
    public void What_is_no_address_is_told_in_words(string text, string words)
    {
        Assert.False(RadioUri.TryParse(text, out _, out string? fault));
        Assert.Contains(words, fault, StringComparison.Ordinal);
        Assert.True(Assert.Throws<DeviceException>(() => RadioUri.Parse(text)).IsFinal);
    }

    [Theory]
    [InlineData("dwm1001", "tag=T1", true)]
    [InlineData("dwm1001-tlv", "", true)]
    [InlineData("dwm3001", "station=gate&azimuth=right", true)]
    [InlineData("ranges", "", true)]
    [InlineData("ble", "", false)]
    [InlineData("sonar", "", false)]
    [InlineData("dwm1001", "colour=red", false)]
    public void A_recordings_driver_finds_its_parser(string driver, string options, bool isKnown) =>
        Assert.Equal(isKnown, Radios.ParserFor(new RawKind(driver, options)) is not null);

    [Theory]
    [InlineData("ble://hci0", "not opened by its address alone")]
    [InlineData("twin", "not opened by its address alone")]
    [InlineData("ranges:///dev/null?record=/no/such/folder/a.raw", "no folder /no/such/folder")]
    public void What_cannot_be_opened_here_says_so(string text, string words)
    {
        var fault = Assert.Throws<DeviceException>(
            () => Radios.Open(RadioUri.Parse(text), MonoTime.Now, NullLogger.Instance));
        Assert.True(fault.IsFinal);
        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
    }
}
