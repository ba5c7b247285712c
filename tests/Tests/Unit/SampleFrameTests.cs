using System.Text;
using EdgeAppliance.CloudSync.Contract;

namespace EdgeAppliance.Tests.Unit;

public sealed class SampleFrameTests
{
    static readonly SampleId Id = SampleId.Parse("01a1fdc2-fb5b-7f68-b9b2-147cc7ae96e3");
    static readonly byte[] Image = [0xff, 0xd8, 1, 2, 3, 0xff, 0xd9];

    static readonly Sample Golden = new(
        1, Id, "gate-3", new DateTimeOffset(2026, 3, 1, 12, 30, 15, 250, TimeSpan.Zero), ClockTrust.Synchronised,
        "rtsp://10.0.0.7/live", 4711, 157.25, 1280, 720, "image/jpeg",
        "c2f1aa1dbcb4e07ee0a08c85e5b2bb1ab7c9c4d9a8b8a0e3c0a1a3d5a5d4f0aa",
        [new SampleBox(10.5, 20, 30.25, 40, "forklift", 0.875, "t-17", 4, 0.5, 1.5, 2, "truck", 0.75)],
        [new SampleDetection(1, 2, 3, 4, "person", 0.5)], "0123456789ab", null, "new-track", 0.25);

    // Frozen: devices in the field and data sets on disks hold this text.
    static readonly string GoldenJson = File.ReadAllText(
        Path.Combine(SharedData.Root, "tests/Tests/Unit/golden/sample-1.json")).TrimEnd();

    [Fact]
    public void Version_1_of_a_sample_is_written_and_read_as_it_always_was()
    {
        Assert.Equal(GoldenJson, Encoding.UTF8.GetString(SampleFrame.WriteJson(Golden)));
        var read = SampleFrame.ReadJson(Encoding.UTF8.GetBytes(GoldenJson));
        Assert.Equal(GoldenJson, Encoding.UTF8.GetString(SampleFrame.WriteJson(read)));
    }

    [Fact]
    public void Version_1_of_the_frame_has_its_numbers_where_they_always_were()
    {
        byte[] json = Encoding.UTF8.GetBytes(GoldenJson);
        byte[] frame = SampleFrame.Write(Id, json, Image);
        Assert.Equal(
            "4544475300010000" + "01A1FDC2FB5B7F68B9B2147CC7AE96E3"
            + $"{json.Length:X8}" + $"{Image.Length:X8}" + GoldenCrc,
            Convert.ToHexString(frame.AsSpan(0, SampleFrame.HeadBytes)));
        var read = SampleFrame.Read(frame, out var image);
        Assert.Equal(Id, read.Id);
        Assert.Equal(Image, image.ToArray());
    }

    const string GoldenCrc = "BD34F6C2";

    [Fact]
    public void Version_1_of_a_receipt_is_written_and_read_as_it_always_was()
    {
        const string Refused =
            """{"version":1,"id":"01a1fdc2-fb5b-7f68-b9b2-147cc7ae96e3","verdict":3,"reason":"no JPEG"}""";
        var receipt = new Receipt(1, Id, Verdict.Refused, "no JPEG");
        Assert.Equal(Refused, Encoding.UTF8.GetString(SampleFrame.WriteReceipt(receipt)));
        Assert.Equal(receipt, SampleFrame.ReadReceipt(Encoding.UTF8.GetBytes(Refused)));
        Assert.Equal([1, 2, 3], Enum.GetValues<Verdict>().Select(verdict => (int)verdict));
        Assert.Equal([0, 1, 2], Enum.GetValues<ClockTrust>().Select(trust => (int)trust));
    }

    [Fact]
    public void Checksum_is_the_published_one()
    {
        // RFC 3720, B.4: 32 bytes of zeros, and the classic check value.
        Assert.Equal(0x8a9136aau, Checksum.Crc32C(new byte[32]));
        Assert.Equal(0xe3069283u, Checksum.Crc32C("123456789"u8));
    }

    [Fact]
    public void Topics_are_as_they_always_were()
    {
        Assert.Equal("edge/v1/gate-3/samples", Topics.Samples("gate-3"));
        Assert.Equal("edge/v1/gate-3/receipts", Topics.Receipts("gate-3"));
        Assert.Equal("edge/v1/+/samples", Topics.AllSamples);
        Assert.Equal("gate-3", Topics.DeviceOfSamples("edge/v1/gate-3/samples"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a+")]
    [InlineData("#")]
    [InlineData("a b")]
    [InlineData("tor-ü")]
    [InlineData("a\0")]
    public void A_device_name_that_would_bend_a_topic_is_refused(string name)
    {
        Assert.NotNull(Topics.DeviceNameFault(name));
        Assert.Throws<ArgumentException>(() => Topics.Samples(name));
        Assert.Null(Topics.DeviceOfSamples($"edge/v1/{name}/samples"));
    }

    [Theory]
    [InlineData("edge/v1/samples")]
    [InlineData("edge/v1//samples")]
    [InlineData("edge/v2/gate/samples")]
    [InlineData("edge/v1/gate/receipts")]
    public void What_is_no_samples_topic_has_no_device(string topic) => Assert.Null(Topics.DeviceOfSamples(topic));

    [Fact]
    public void Whatever_is_done_to_a_frame_it_is_read_or_refused_and_nothing_else_happens()
    {
        const int Mutations = 10_000;
        var random = new Random(20260301);
        byte[] whole = SampleFrame.Write(Id, Encoding.UTF8.GetBytes(GoldenJson), Image);
        int refused = 0;
        for (int i = 0; i < Mutations; i++)
        {
            byte[] bent = Bend(whole, random);
            try
            {
                SampleFrame.Read(bent, out _);
            }
            catch (SampleFormatException)
            {
                refused++;
            }
        }

        // What passes are mutations of the image only: the endpoint's SHA-256 finds those.
        Assert.InRange(refused, Mutations * 95 / 100, Mutations);
    }

    [Fact]
    public void Whatever_the_JSON_says_behind_a_true_checksum_it_is_read_or_refused()
    {
        var random = new Random(20260302);
        byte[] json = Encoding.UTF8.GetBytes(GoldenJson);
        int refused = 0;
        for (int i = 0; i < 10_000; i++)
        {
            byte[] bent = Bend(json, random);
            try
            {
                SampleFrame.Read(SampleFrame.Write(Id, bent, Image), out _);
            }
            catch (SampleFormatException)
            {
                refused++;
            }

            try
            {
                SampleFrame.ReadReceipt(bent);
            }
            catch (SampleFormatException)
            {
                refused++;
            }
        }

        Assert.True(refused > 10_000);
    }

    [Theory]
    [InlineData(""" "boxes":[], """, """ "boxes":null, """)]
    [InlineData(""" "device":"gate-3", """, " ")]
    [InlineData(""" "device":"gate-3", """, """ "device":null, """)]
    [InlineData(""" "width":1280, """, """ "width":1e99, """)]
    [InlineData(""" "worth":0.25 """, """ "worth":NaN """)]
    [InlineData(""" "worth":0.25 """, """ "worth":0.25,"worth":0.5 """)]
    [InlineData(""" "camera": """, """ "camera":"\ud800","kamera": """)]
    public void A_sample_with_a_field_gone_wrong_is_refused(string was, string becomes)
    {
        string json = (GoldenJson[..GoldenJson.IndexOf("\"boxes\"", StringComparison.Ordinal)]
            + """
            "boxes":[],"detections":[],"model":"0123456789ab","calibration":null,"reason":"x","worth":0.25}
            """)
            .Replace(was.Trim(), becomes.Trim(), StringComparison.Ordinal);
        Assert.Contains(becomes.Trim(), json, StringComparison.Ordinal);
        Assert.Throws<SampleFormatException>(() => SampleFrame.ReadJson(Encoding.UTF8.GetBytes(json)));
    }

    [Fact]
    public void A_newer_version_is_told_from_damage_and_its_sample_can_still_be_named()
    {
        byte[] frame = SampleFrame.Write(Id, Encoding.UTF8.GetBytes(GoldenJson), Image);
        frame[5] = 2;
        Assert.True(Assert.Throws<SampleFormatException>(() => SampleFrame.Read(frame, out _)).IsNewer);
        Assert.Equal(Id, SampleFrame.ReadId(frame));

        byte[] json = Encoding.UTF8.GetBytes(
            GoldenJson.Replace("\"version\":1", "\"version\":2", StringComparison.Ordinal));
        Assert.True(Assert.Throws<SampleFormatException>(() => SampleFrame.ReadJson(json)).IsNewer);
    }

    static byte[] Bend(byte[] whole, Random random)
    {
        byte[] bent = [.. whole];
        switch (random.Next(5))
        {
            case 0:
                for (int n = random.Next(1, 4); n > 0; n--)
                    bent[random.Next(bent.Length)] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bent = bent[..random.Next(bent.Length)];
                break;
            case 2:
                bent = [.. bent, .. bent.AsSpan(random.Next(bent.Length))];
                break;
            case 3:
                int at = random.Next(bent.Length);
                random.NextBytes(bent.AsSpan(at, Math.Min(random.Next(1, 9), bent.Length - at)));
                break;
            default:
                (int from, int to) = (random.Next(bent.Length), random.Next(bent.Length));
                bent[to] = (byte)(bent[from] + 1);
                bent[from] = bent[to];
                break;
        }

        return bent;
    }
}
