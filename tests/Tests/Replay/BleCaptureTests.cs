using System.Globalization;
using System.Text;
using EdgeAppliance.Drivers.Radio;
using EdgeAppliance.Drivers.Radio.Ble;
using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Tests.Replay;

/// <summary>Advertisements that others captured, against what their own tools read of them.</summary>
public sealed class BleCaptureTests
{
    [SkippableFact]
    public void Every_packet_says_what_the_publisher_s_table_says()
    {
        foreach (var (capture, table) in Captures())
        {
            var packets = BleCaptures.ReadPcapng(capture);
            var rows = Rows(table);
            Assert.Equal(rows.Count, packets.Count);
            int compared = 0;
            foreach (var (packet, row) in packets.Zip(rows))
            {
                if (row.Length != 8) continue; // a comma in a damaged name
                Assert.Equal(row[4], packet.RssiDbm.ToString(CultureInfo.InvariantCulture));
                Assert.Equal(row[6], packet.Type.ToString(CultureInfo.InvariantCulture));
                if (!packet.Advertises) continue;
                Assert.Equal((row[2], row[3], row[5], row[7]), Said(packet));
                compared++;
            }

            // Up to a quarter is damaged on the air (Ubertooth), scan requests say nothing; the rest is most of them.
            Assert.InRange(compared, rows.Count / 2, rows.Count);
        }
    }

    [SkippableFact]
    public void The_packets_are_as_many_as_the_page_says()
    {
        string readme = File.ReadAllText(SharedData.Path("ble_captures", "README.md"));
        foreach (var (capture, _) in Captures())
        {
            string count = BleCaptures.ReadPcapng(capture).Count.ToString("N0", CultureInfo.InvariantCulture);
            Assert.Contains(count, readme, StringComparison.Ordinal);
        }

        var reports = BleCaptures.ReadBtsnoop(
            SharedData.Path("ble_captures", "btsnoop_hci_horizon74.log"), out int records);
        Assert.Equal((2572, 412), (records, reports.Count));
    }

    [SkippableFact]
    public void Phones_are_heard_with_the_powers_of_the_table()
    {
        foreach (var (capture, table) in Captures())
        {
            var packets = BleCaptures.ReadPcapng(capture);
            var rows = Rows(table);
            var phones = rows.Where(row => row[3].StartsWith("TestPhone", StringComparison.Ordinal))
                .GroupBy(row => row[3]).Where(phone => phone.Count() > 100).ToList();
            Assert.InRange(phones.Count, 3, 4);
            var faults = new List<string>();
            var book = BeaconBook.Of(phones.Select(phone =>
                new BeaconRow(phone.Key, $"mac:{phone.CountBy(row => row[2]).MaxBy(n => n.Value).Key}")), faults);
            Assert.Empty(faults);

            var parser = new BeaconParser(new BeaconShelf(book), "S1");
            var heard = new List<Observation>();
            foreach (var packet in packets.Where(packet => packet.Advertises))
                parser.Take(MonoTime.FromSeconds(packet.Seconds), packet.Message(), heard);
            Assert.Equal(packets.Count(packet => packet.Advertises), parser.Counts.Heard);
            Assert.Equal(heard.Count, parser.Counts.Known);
            foreach (var phone in phones)
            {
                string address = phone.CountBy(row => row[2]).MaxBy(n => n.Value).Key;
                var told = rows.Zip(packets).Where(pair => pair.Second.Advertises && pair.First[2] == address)
                    .Select(pair => double.Parse(pair.First[4], CultureInfo.InvariantCulture));
                Assert.Equal(told, heard.Where(one => one.Tag == phone.Key).Select(one => one.Value));
            }
        }
    }

    [SkippableFact]
    public void A_phone_s_own_log_of_advertisements_is_read_without_a_fault()
    {
        var reports = BleCaptures.ReadBtsnoop(SharedData.Path("ble_captures", "btsnoop_hci_horizon74.log"), out _);
        var parser = new BeaconParser(new BeaconShelf(BeaconBook.Empty), "S1");
        var heard = new List<Observation>();
        foreach (var report in reports)
        {
            Assert.InRange(report.RssiDbm, -110, -10);
            parser.Take(MonoTime.FromSeconds(report.Seconds), report.Message(), heard);
        }

        Assert.Empty(heard);
        Assert.Equal((412, 412, 0), (parser.Counts.Heard, parser.Counts.Unknown, parser.Malformed));
    }

    static List<(string Capture, string Table)> Captures()
    {
        var found = Directory.EnumerateFiles(
                SharedData.Path("ble_captures"), "*.pcapng", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(path => (Capture: path, Table: Path.ChangeExtension(path, ".csv"))).ToList();
        Assert.NotEmpty(found);
        return found;
    }

    // Frame, time, source, name, RSSI, power, type, company.
    static List<string[]> Rows(string table) =>
        [.. File.ReadLines(table, Encoding.Latin1).Skip(1).Select(line => line.Split(','))];

    static (string Source, string Name, string TxPower, string Company) Said(CapturedPacket packet)
    {
        string name = "", power = "", company = "";
        var all = new AdStructures(packet.Structures);
        while (all.Next())
        {
            if (all.Type is AdStructures.ShortName or AdStructures.WholeName)
                name = Encoding.Latin1.GetString(all.Content);
            if (all.Type == AdStructures.TxPower) power = $"{(sbyte)all.Content[0]}";
            if (all.Type == AdStructures.Manufacturer) company = $"{all.Content[0] | (all.Content[1] << 8)}";
        }

        Assert.False(all.IsMalformed);
        string address = string.Join(':', Convert.ToHexStringLower(BitConverter.GetBytes(packet.Address)).Chunk(2)
            .Take(6).Reverse().Select(pair => new string(pair)));
        return (address, name, power, company);
    }
}
