using EdgeAppliance.CloudSync.Mqtt;

namespace EdgeAppliance.Tests.Unit;

public sealed class MqttFaultsTests
{
    [Fact]
    public void Of_all_reason_codes_three_can_never_succeed_on_retry() =>
        // unsupported protocol version, client identifier not valid, bad authentication method (MQTT 5, 2.4)
        Assert.Equal([0x84, 0x85, 0x8c], Enumerable.Range(0, 256).Where(MqttFaults.IsFinalReason));

    [Fact]
    public void Of_all_results_of_the_library_three_can_never_succeed_on_retry() =>
        // invalid argument, not supported by this build, malformed UTF-8 (mosquitto.h, enum mosq_err_t)
        Assert.Equal([3, 10, 18], Enumerable.Range(-10, 100).Where(MqttFaults.IsFinalResult));

    [Fact]
    public void A_fault_is_told_in_words_with_its_number()
    {
        Assert.Equal("wrong user name or password (0x86)", MqttFaults.DescribeReason(0x86));
        Assert.Equal("reason 0x77", MqttFaults.DescribeReason(0x77));
        Assert.Contains("(15)", MqttFaults.Describe(15), StringComparison.Ordinal);
        Assert.Equal("libmosquitto fault 99", MqttFaults.Describe(99));
    }

    [Fact]
    public void Settings_of_the_link_are_checked_whole()
    {
        Assert.Empty(new MqttOptions { ClientId = "gate-3" }.Faults());
        var faults = new MqttOptions
        {
            Host = "",
            Port = 0,
            Password = "x",
            TlsKeyFile = "/no/such/key",
            KeepAlive = TimeSpan.Zero,
            InFlightMax = 0,
            ReconnectDelayMax = TimeSpan.Zero,
        }.Faults().ToList();
        Assert.Equal(9, faults.Count);
        Assert.DoesNotContain(faults, fault => fault.Contains("password is x", StringComparison.Ordinal));
    }
}
