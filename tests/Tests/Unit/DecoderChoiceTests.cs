using EdgeAppliance.Drivers;
using EdgeAppliance.Drivers.Media;

namespace EdgeAppliance.Tests.Unit;

public sealed class DecoderChoiceTests
{
    [Fact]
    public void The_boards_decoders_come_first_and_libavs_own_last()
    {
        var list = DecoderChoice.DefaultFor("h264");
        Assert.Equal("h264_nvv4l2dec", list[0]);
        Assert.Equal("h264", list[^1]);
        Assert.Equal(["mjpeg"], DecoderChoice.DefaultFor("mjpeg"));
    }

    [SkippableFact]
    public void A_decoder_that_is_not_there_is_passed_over_with_its_reason()
    {
        EncoderTests.RequireLibav();
        using var decoder = new Decoder("h264", [], new DecoderOptions { Preference = ["h264_of_mars", "h264"] });
        Assert.Equal("h264", decoder.Name);
        Assert.Contains("h264_of_mars is not in this libavcodec", decoder.Reason, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_list_without_any_usable_decoder_is_refused_with_every_reason()
    {
        EncoderTests.RequireLibav();
        var refused = Assert.Throws<DeviceException>(
            () => new Decoder("h264", [], new DecoderOptions { Preference = ["h264_of_mars"], Device = "yard" }));
        Assert.Contains("yard", refused.Message, StringComparison.Ordinal);
        Assert.Contains("h264_of_mars", refused.Message, StringComparison.Ordinal);
        Assert.True(refused.IsFinal);
    }
}
