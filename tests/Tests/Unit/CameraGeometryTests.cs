using System.Numerics;
using EdgeAppliance.Runtime.Fusion;

namespace EdgeAppliance.Tests.Unit;

public sealed class CameraGeometryTests : IDisposable
{
    const string Pinhole = """
        {"version":1,"name":"yard-3","image":{"width":1280,"height":720},
         "camera":{"fx":900,"fy":900,"cx":639.5,"cy":359.5,"distortion":[-0.25,0.08,0.001,-0.0005,0]},
         "cameraFromWorld":{"rotation":[[1,0,0],[0,-0.422618,-0.906308],[0,0.906308,-0.422618]],
         "translationM":[0,4.53154,2.11309]}}
        """;

    const string Homography = """
        {"version":1,"name":"yard-h","image":{"width":1280,"height":720},
         "groundFromImage":[[0.005556,0,-3.553],[0,-0.002348,5.376],[0,0.0010070,0.0606]]}
        """;

    readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void A_floor_point_seen_is_found_again()
    {
        var camera = Load(Pinhole);
        for (float x = -4; x <= 4; x += 2)
        {
            for (float y = 7; y <= 30; y += 4)
            {
                if (camera.ImageAt(new Vector2(x, y)) is not { } image) continue;
                var ground = camera.GroundAt(image, Vector2.One)!.Value;
                Assert.InRange(Vector2.Distance(ground.AtM, new Vector2(x, y)), 0, 0.01);
            }
        }
    }

    [Fact]
    public void The_sky_is_no_floor()
    {
        foreach (string text in new[] { Pinhole, Homography })
        {
            Assert.Null(Load(text).GroundAt(new Vector2(640, -400), Vector2.One));
            Assert.NotNull(Load(text).GroundAt(new Vector2(640, 700), Vector2.One));
        }
    }

    [Theory]
    [InlineData(Pinhole)]
    [InlineData(Homography)]
    public void The_covariance_is_what_noise_makes(string text)
    {
        var camera = Load(text);
        var random = new Random(4);
        foreach (var at in new[] { new Vector2(640, 600), new Vector2(200, 400), new Vector2(1100, 350) })
        {
            var expected = camera.GroundAt(at, new Vector2(4, 9))!.Value;
            double xx = 0, xy = 0, yy = 0;
            const int draws = 20_000;
            for (int i = 0; i < draws; i++)
            {
                var shaken = at + new Vector2(2 * (float)Noise.Gauss(random), 3 * (float)Noise.Gauss(random));
                var off = camera.GroundAt(shaken, Vector2.One)!.Value.AtM - expected.AtM;
                xx += off.X * off.X / draws;
                xy += off.X * off.Y / draws;
                yy += off.Y * off.Y / draws;
            }

            // Second-order terms and 20,000 draws: 5 %.
            Assert.InRange(expected.Covariance.Xx / xx, 0.95, 1.05);
            Assert.InRange(expected.Covariance.Yy / yy, 0.95, 1.05);
            Assert.InRange(expected.Covariance.Xy - xy, -0.05 * Math.Sqrt(xx * yy), 0.05 * Math.Sqrt(xx * yy));
        }
    }

    [Theory]
    [InlineData(Pinhole)]
    [InlineData(Homography)]
    public void A_smaller_picture_shows_the_same_floor(string text)
    {
        var camera = Load(text);
        var half = camera.At(640, 360)!;
        var whole = camera.GroundAt(new Vector2(500, 500), Vector2.One)!.Value;
        var small = half.GroundAt(new Vector2(250, 250), new Vector2(0.25f))!.Value;
        Assert.InRange(Vector2.Distance(whole.AtM, small.AtM), 0, 1e-3);
        Assert.InRange(small.Covariance.Yy / whole.Covariance.Yy, 0.999, 1.001);
        Assert.Null(camera.At(640, 480));
    }

    [Fact]
    public void A_homography_goes_there_and_back()
    {
        var camera = Load(Homography);
        var ground = camera.GroundAt(new Vector2(300, 450), Vector2.One)!.Value;
        Assert.InRange(Vector2.Distance(camera.ImageAt(ground.AtM)!.Value, new Vector2(300, 450)), 0, 0.01);
        Assert.True(ground.Away.Y > 0.9f);
    }

    [Fact]
    public void All_faults_are_told_at_once_by_their_keys()
    {
        File.WriteAllText(_path, """
            {"version":2,"nome":"x","image":{"width":"wide","height":720},
             "camera":{"fx":-1,"fy":900,"cx":1,"cy":1,"distortion":[1,2]},
             "cameraFromWorld":{"rotation":[[1,0,0],[0,1],[0,0,1]]}}
            """);
        Assert.Null(CameraGeometry.TryLoad(_path, out var faults));
        foreach (string fault in new[]
        {
            "version is 2: 1 is known", "name is missing", "nome is not a known key", "image.width is a text",
            "camera.fx is -1: 1 to 1000000", "camera.distortion is a list of 2",
            "cameraFromWorld.rotation[1] is a list of 2",
            "cameraFromWorld.translationM is missing",
        })
        {
            Assert.Contains(faults, told => told.StartsWith($"{_path}: {fault}", StringComparison.Ordinal));
        }

        Assert.Throws<InvalidDataException>(() => CameraGeometry.Load(_path));
    }

    [Theory]
    [InlineData("[[1,0,0],[0,1,0],[0,0,2]]", "is no rotation")]
    [InlineData("[[1,0,0],[0,1,0],[0,0,1]]", "above the floor")]
    public void A_pose_that_cannot_be_says_so(string rotation, string why)
    {
        var fault = Assert.Throws<InvalidDataException>(
            () => Load(Pinhole.Replace(
                "[[1,0,0],[0,-0.422618,-0.906308],[0,0.906308,-0.422618]]", rotation, StringComparison.Ordinal)));
        Assert.Contains(why, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "is not JSON")]
    [InlineData("[]", "an object is needed")]
    public void What_is_no_geometry_says_so(string text, string why) =>
        Assert.Contains(why, Assert.Throws<InvalidDataException>(() => Load(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_registry_tells_its_faults_and_knows_its_tags()
    {
        File.WriteAllText(_path, """
            {"version":1,"tags":[{"tag":"T1","class":"person"},{"tag":"T2","class":"forklift","consent":false}],
             "stations":[{"id":"A1","xM":0,"yM":1,"zM":2.5}],"classes":[{"class":"forklift","footprintRadiusM":1.2}]}
            """);
        var registry = TagRegistry.Load(_path);
        Assert.Equal(["forklift", "person"], registry.Classes.ToArray());
        Assert.False(registry.Find("T2")!.HasConsent);
        Assert.Equal(1.2, registry.FootprintRadiusM("T2"));
        Assert.Equal(0, registry.FootprintRadiusM("T1"));
        Assert.Equal(new Vector3(0, 1, 2.5f), Assert.Single(registry.Stations).PositionM);

        File.WriteAllText(_path, """{"version":1,"tags":[{"tag":"T1"},{"tag":"T1","class":"x","klass":1}]}""");
        Assert.Null(TagRegistry.TryLoad(_path, out var faults));
        Assert.Equal(3, faults.Length);
        Assert.Contains($"{_path}: tags[0].class is missing", faults);
        Assert.Contains($"{_path}: tags[1].klass is not a known key", faults);
        Assert.Contains($"{_path}: tags[1].tag is 'T1' again", faults);
    }

    CameraGeometry Load(string text)
    {
        File.WriteAllText(_path, text);
        return CameraGeometry.Load(_path);
    }
}
