using EdgeAppliance.Drivers;
using EdgeAppliance.Runtime.Commands;

namespace EdgeAppliance.Tests.Unit;

public sealed class CommandLineTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("words-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Theory]
    [InlineData("bogus", ExitStatus.Usage, "bogus")]
    [InlineData("run --what", ExitStatus.Usage, "--what")]
    [InlineData("run", ExitStatus.Settings, "camera.uri is missing")]
    [InlineData("run --camera ftp:x", ExitStatus.Settings, "camera.uri is ftp:x")]
    [InlineData("run --camera file:x --tags twin", ExitStatus.Settings, "site.tags is twin")]
    [InlineData("run --camera file:x --broker h:port", ExitStatus.Settings, "--broker is h:port")]
    [InlineData("run --config /no/such/file.json", ExitStatus.NoInput, "/no/such/file.json")]
    [InlineData("version", ExitStatus.Ok, "")]
    public async Task Each_kind_of_mistake_has_its_exit_status(string words, int status, string said)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        Assert.Equal(status, await CommandLine.RunAsync(words.Split(' '), output, errors));
        Assert.Contains(said, errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_with_three_faults_has_them_all_told_and_nothing_is_started()
    {
        string file = Path.Combine(_folder, "appliance.json");
        await File.WriteAllTextAsync(file, """
            { "camera": { "uri": "file:x", "widthMax": 1 }, "what": 1, "mqtt": { "port": "many" } }
            """);
        using var errors = new StringWriter();
        int status = await CommandLine.RunAsync(["run", "--config", file], TextWriter.Null, errors);
        Assert.Equal(ExitStatus.Settings, status);
        string[] lines = errors.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.Contains(lines, line => line.Contains("camera.widthMax is 1", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("what: no such key", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("mqtt.port is \"many\"", StringComparison.Ordinal));
        Assert.Equal([file], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public async Task A_file_is_judged_with_the_words_that_go_before_it()
    {
        string file = Path.Combine(_folder, "appliance.json");
        // Tags of a twin are a fault with no twin camera, which the words bring; the port is one with any.
        await File.WriteAllTextAsync(file, """{ "site": { "tags": "twin" }, "status": { "port": -1 } }""");
        using var errors = new StringWriter();
        string[] words = ["run", "--config", file, "--camera", "twin://yard"];
        Assert.Equal(ExitStatus.Settings, await CommandLine.RunAsync(words, TextWriter.Null, errors));
        Assert.Equal("edge-appliance: status.port is -1: 0 to 65535", errors.ToString().TrimEnd());
    }

    [Fact]
    public void What_went_wrong_decides_the_status()
    {
        Assert.Equal(ExitStatus.Unavailable, CommandLine.StatusOf(new DeviceException("d", "c", "r")));
        Assert.Equal(ExitStatus.Unavailable, CommandLine.StatusOf(new DllNotFoundException()));
        Assert.Equal(ExitStatus.NoInput, CommandLine.StatusOf(new FileNotFoundException()));
        Assert.Equal(ExitStatus.Unusable, CommandLine.StatusOf(new InvalidDataException()));
        Assert.Equal(ExitStatus.Disk, CommandLine.StatusOf(new IOException()));
        Assert.Equal(ExitStatus.Software, CommandLine.StatusOf(new BugException()));
        Assert.Null(CommandLine.StatusOf(new InvalidOperationException()));
    }
}
