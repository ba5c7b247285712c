using System.Numerics;
using EdgeAppliance.Runtime.Annotation;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Runtime.Tracking;
using Microsoft.Extensions.Logging;

namespace EdgeAppliance.Tests.Unit;

public sealed class LiveRegistryTests : IDisposable
{
    const string Consenting = """{"version":1,"tags":[{"tag":"T1","class":"person"}]}""";
    const string Withdrawn = """{"version":1,"tags":[{"tag":"T1","class":"person","consent":false}]}""";

    readonly ScratchFolder _folder = new();
    readonly ListLog _log = new();
    readonly SceneFrames _frames = new();

    string File => _folder.File("tags.json");

    public void Dispose()
    {
        _frames.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_changed_file_is_in_force_after_the_next_look_and_an_untouched_one_stays_the_same_object()
    {
        using var live = Open(Consenting);
        var first = live.Current;
        live.Look();
        Assert.Same(first, live.Current);

        Write(Withdrawn);
        live.Look();
        Assert.False(live.Current.Find("T1")!.HasConsent);
        Assert.True(first.Find("T1")!.HasConsent); // who holds the old one reads the old one to the end of the frame
        Assert.Equal(1, live.Reloads);
        Assert.True(_log.Has(4360));
    }

    [Fact]
    public void A_change_of_the_same_length_within_the_clocks_grain_is_noticed()
    {
        using var live = Open(Consenting);
        var written = System.IO.File.GetLastWriteTimeUtc(File);
        System.IO.File.WriteAllText(File, Consenting.Replace("T1", "T2", StringComparison.Ordinal));
        System.IO.File.SetLastWriteTimeUtc(File, written);
        live.Look();
        Assert.NotNull(live.Current.Find("T2"));
    }

    [Fact]
    public void A_bad_file_is_refused_once_in_the_log_and_the_old_registry_stays_until_it_is_mended()
    {
        using var live = Open(Consenting);
        Write("""{"version":1,"tags":[{"tag":"T1","class":7,"colour":"red"}]}""");
        live.Look();
        live.Look();
        Assert.Equal("person", live.Current.Find("T1")!.Class);
        Assert.Contains("class", live.Fault!, StringComparison.Ordinal);
        var line = Assert.Single(_log.Lines, line => line.Level == LogLevel.Error);
        Assert.Contains("colour", line.Text, StringComparison.Ordinal); // all faults at once

        System.IO.File.Delete(File);
        live.Look();
        Assert.Contains("cannot be read", live.Fault!, StringComparison.Ordinal);
        Assert.NotNull(live.Current.Find("T1"));

        Write(Withdrawn);
        live.Look();
        Assert.Null(live.Fault);
        Assert.False(live.Current.Find("T1")!.HasConsent);
    }

    [Fact]
    public void Consent_withdrawn_makes_no_label_from_the_next_frame_on()
    {
        using var live = Open(Consenting);
        var annotator = new Annotator(new AnnotationSettings(), live.Current, ["person"]);
        using (var before = annotator.Step(Located(0))) Assert.Single(before.Annotations);
        Write(Withdrawn);
        live.Look();
        annotator.Use(live.Current);
        using (var after = annotator.Step(Located(0.1))) Assert.Empty(after.Annotations);
        Assert.Equal(1, annotator.Abstentions.NoConsent);
    }

    [Fact]
    public void A_tag_to_be_located_only_or_not_sure_enough_makes_no_label()
    {
        Write("""{"version":1,"tags":[{"tag":"T1","class":"person","policy":"locate-only"}]}""");
        var annotator = new Annotator(new AnnotationSettings(), TagRegistry.Load(File), ["person"]);
        using (var seen = annotator.Step(Located(0))) Assert.Empty(seen.Annotations);
        Assert.Equal(1, annotator.Abstentions.NotWanted);

        Write("""{"version":1,"tags":[{"tag":"T1","class":"person","confidenceMin":0.99}]}""");
        annotator.Use(TagRegistry.Load(File));
        using (var seen = annotator.Step(Located(0.1))) Assert.Empty(seen.Annotations);
        Assert.Equal(1, annotator.Abstentions.Unsure);
    }

    [Fact]
    public void Identities_of_every_kind_are_read_and_told_as_the_book_of_beacons_takes_them()
    {
        Write("""
            {"version":1,"tags":[{"tag":"T1","class":"person","identities":[
              {"kind":"iBeacon","uuid":"f7826da6-4fa2-4e98-8024-bc5b71e0893e","major":1,"minor":513},
              {"kind":"altBeacon","id":"000102030405060708090a0b0c0d0e0f10111213"},
              {"kind":"eddystoneUid","namespace":"00010203040506070809","instance":"0a0b0c0d0e0f"},
              {"kind":"eddystoneEid","key":"000102030405060708090a0b0c0d0e0f","rotationExponent":9,
               "counterZeroS":1700000000},
              {"kind":"irk","key":"0f0e0d0c0b0a09080706050403020100"},
              {"kind":"address","address":"AA:BB:CC:DD:EE:FF"},
              {"kind":"espresense","id":"phone:eva"},
              {"kind":"uwb","address":"0x4F21"}]},
             {"tag":"T2","class":"person"},{"tag":"T3","class":"person","policy":"ignore"}]}
            """);
        var registry = TagRegistry.Load(File);
        Assert.Equal(
        [
            ("T1", "ibeacon:f7826da6-4fa2-4e98-8024-bc5b71e0893e/1/513"),
            ("T1", "altbeacon:000102030405060708090a0b0c0d0e0f10111213"),
            ("T1", "eddystone:00010203040506070809/0a0b0c0d0e0f"),
            ("T1", "eid:000102030405060708090a0b0c0d0e0f/9/1700000000"),
            ("T1", "irk:0f0e0d0c0b0a09080706050403020100"),
            ("T1", "mac:aa:bb:cc:dd:ee:ff"),
            ("T1", "espresense:phone:eva"),
            ("T2", null),
        ], registry.Beacons().ToArray());
        Assert.Equal("T1", registry.NameOf("4f21"));
        Assert.Equal("4F22", registry.NameOf("4F22"));
    }

    [Fact]
    public void Faults_are_told_all_at_once_and_never_with_the_identity_itself()
    {
        Write("""
            {"version":1,"tags":[
              {"tag":"T1","class":"person","policy":"sometimes","confidenceMin":2,"identities":[
                {"kind":"irk","key":"00112233445566778899aabbccddeeff"},{"kind":"irk","key":"deadbeef"},
                {"kind":"iBeacon","uuid":"xyz","major":70000,"minor":1.5},{"kind":"smoke"}]},
              {"tag":"T2","class":"person","identities":[{"kind":"irk","key":"00112233445566778899aabbccddeeff"}]}]}
            """);
        Assert.Null(TagRegistry.TryLoad(File, out var faults));
        string all = string.Join('\n', faults);
        foreach (string part in (string[])
            ["policy", "confidenceMin", "[1].key", "uuid", "major", "minor", "smoke", "tags[1].identities[0].kind"])
            Assert.Contains(part, all, StringComparison.Ordinal);
        Assert.DoesNotContain("00112233", all, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("deadbeef", all, StringComparison.OrdinalIgnoreCase);
    }

    LiveRegistry Open(string json)
    {
        Write(json);
        return LiveRegistry.Open(File, _log, TimeProvider.System);
    }

    // Beside and then moved: as an editor or a configuration tool does it.
    void Write(string json)
    {
        System.IO.File.WriteAllText(_folder.File("new"), json);
        System.IO.File.Move(_folder.File("new"), File, overwrite: true);
    }

    Located Located(double seconds)
    {
        var box = new Box(100, 100, 160, 250);
        var track = new LocatedTrack(new Track(1, box, box, 0, 0, 0.9f, 30), Vector2.Zero, null,
            new TagMatch("T1", 0.3, 1.2, TimeSpan.FromSeconds(5), 50, 8));
        return new Located(_frames.At(seconds), [track], [], [], "m", "g");
    }
}
