using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeAppliance.CloudSync.Mqtt;
using EdgeAppliance.CloudSync.Spool;
using EdgeAppliance.Tests.Unit;

namespace EdgeAppliance.Tests.Loopback;

/// <summary>Link, courier and endpoint against a real broker.</summary>
public sealed class BrokerLinkTests : IDisposable
{
    readonly ScratchFolder _folder = new();
    readonly ListLog _log = new();

    [SkippableFact]
    public async Task Without_a_broker_at_the_start_samples_wait_and_go_out_when_it_comes()
    {
        using var broker = new RealBroker(_folder.Path);
        await using var both = new BothEnds(_folder, broker.Port, _log);
        both.Store(5);
        await Until(() => both.DeviceLink.Counts.Failures >= 2);
        Assert.Equal(5, both.Spool.Counts.Pending);
        Assert.Equal(LinkState.Connecting, both.DeviceLink.State);
        // One line an outage, however many tries.
        Assert.Equal(2, _log.Lines.Count(line => line.Id == 5203)); // device and endpoint

        broker.Start();
        await Until(() => both.Spool.Counts is { Pending: 0, Acknowledged: 5 });
        Assert.Equal(5, both.Set.Images);
    }

    [SkippableFact]
    public async Task A_broker_that_is_gone_for_a_while_costs_nothing_but_time()
    {
        using var broker = new RealBroker(_folder.Path);
        broker.Start();
        await using var both = new BothEnds(_folder, broker.Port, _log);
        both.Store(3);
        await Until(() => both.Spool.Counts.Acknowledged == 3);

        broker.Kill();
        both.Store(4);
        await Until(() => both.DeviceLink.Counts.Losses == 1 && both.DeviceLink.Counts.Failures >= 3);
        Assert.Equal(4, both.Spool.Counts.Pending);

        broker.Start();
        await Until(() => both.Spool.Counts is { Pending: 0, Acknowledged: 7 });
        Assert.Equal(7, both.Set.Images);
        Assert.True(both.Spool.Counts.IsBalanced);
        Assert.Equal(2, both.DeviceLink.Counts.Connects);
    }

    [SkippableFact]
    public async Task An_image_larger_than_the_broker_takes_is_set_aside_and_the_rest_goes_out()
    {
        using var broker = new RealBroker(_folder.Path, "max_packet_size 50000");
        broker.Start();
        await using var both = new BothEnds(_folder, broker.Port, _log);
        both.Store(1, bytes: 80_000);
        both.Store(2, bytes: 10_000);
        await Until(() => both.Spool.Counts is { Pending: 0, Acknowledged: 2, Refused: 1 });
        Assert.Equal(50_000, both.DeviceLink.PacketBytesMax);
        Assert.Contains(_log.Lines, line => line.Text.Contains("the broker takes 50000", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task A_wrong_password_is_said_in_words_and_tried_again()
    {
        string passwords = _folder.File("passwords");
        // mosquitto_passwd's own format: PBKDF2-SHA512 of "right", salt of 12 bytes, 101 rounds.
        byte[] salt = RandomNumberGenerator.GetBytes(12);
        byte[] hash = Rfc2898DeriveBytes.Pbkdf2("right", salt, 101, HashAlgorithmName.SHA512, 64);
        File.WriteAllText(passwords, $"gate:$7$101${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}\n");
        using var broker = new RealBroker(_folder.Path, $"password_file {passwords}");
        File.WriteAllText(_folder.File("mosquitto.conf"), File.ReadAllText(_folder.File("mosquitto.conf"))
            .Replace("allow_anonymous true", "allow_anonymous false", StringComparison.Ordinal));
        broker.Start();
        var options = Quick(broker.Port) with { ClientId = "a", UserName = "gate", Password = "wrong" };
        using (var wrong = new MosquittoLink(options, _log))
        {
            wrong.Start([], new Deaf());
            await Until(() => wrong.Counts.Failures >= 2);
            Assert.Equal(LinkState.Connecting, wrong.State);
        }

        // mosquitto answers a wrong password with "not authorized"; the standard has a code of its own for it too.
        string said = _log.Lines.First(line => line.Id == 5203).Text;
        Assert.Matches("0x8[67]", said);
        using var right = new MosquittoLink(options with { Password = "right" }, _log);
        right.Start([], new Deaf());
        await Until(() => right.State == LinkState.Connected);
    }

    [SkippableFact]
    public async Task Over_TLS_the_right_authority_is_trusted_and_no_other()
    {
        var (authority, certificate, key) = MakeCertificates("good");
        var (stranger, _, _) = MakeCertificates("stranger");
        using var broker = new RealBroker(_folder.Path, $"certfile {certificate}", $"keyfile {key}");
        broker.Start();
        var options = Quick(broker.Port) with { Host = "localhost", ClientId = "a", IsTls = true };
        using (var wrong = new MosquittoLink(options with { TlsAuthorityFile = stranger }, _log))
        {
            wrong.Start([], new Deaf());
            await Until(() => wrong.Counts.Failures >= 2);
            Assert.Equal(0, wrong.Counts.Connects);
        }

        using var right = new MosquittoLink(options with { TlsAuthorityFile = authority }, _log);
        right.Start([], new Deaf());
        await Until(() => right.State == LinkState.Connected);
    }

    [Fact]
    public void The_library_says_its_version_or_what_to_install()
    {
        var (found, text) = MosquittoLibrary.Describe();
        Assert.Contains(found ? "libmosquitto 2." : "libmosquitto1", text, StringComparison.Ordinal);
        (found, text) = Sqlite.Describe();
        Assert.Contains(found ? "SQLite 3." : "libsqlite3-0", text, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    internal static MqttOptions Quick(int port) => new()
    {
        Host = "127.0.0.1",
        Port = port,
        ReconnectDelayMin = TimeSpan.FromMilliseconds(20),
        ReconnectDelayMax = TimeSpan.FromMilliseconds(200),
    };

    internal static async Task Until(Func<bool> holds)
    {
        long until = Environment.TickCount64 + 30_000;
        while (!holds())
        {
            Assert.True(Environment.TickCount64 < until, "it did not happen within 30 s");
            await Task.Delay(20);
        }
    }

    (string Authority, string Certificate, string Key) MakeCertificates(string name)
    {
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name} authority", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var (from, to) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var authority = request.CreateSelfSigned(from, to);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var own = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        own.CertificateExtensions.Add(names.Build());
        using var certificate = own.Create(authority, from, to, RandomNumberGenerator.GetBytes(8));

        (string, string, string) files =
            (_folder.File($"{name}-ca.pem"), _folder.File($"{name}.pem"), _folder.File($"{name}.key"));
        File.WriteAllText(files.Item1, authority.ExportCertificatePem());
        File.WriteAllText(files.Item2, certificate.ExportCertificatePem());
        File.WriteAllText(files.Item3, key.ExportPkcs8PrivateKeyPem());
        return files;
    }

    sealed class Deaf : IMqttListener
    {
        public void Connected() { }

        public void Lost(string why) { }

        public void Arrived(string topic, ReadOnlyMemory<byte> payload) { }

        public void Answered(int publication, Answer answer, string reason) { }
    }
}
