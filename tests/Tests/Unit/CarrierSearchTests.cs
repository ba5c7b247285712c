using System.Numerics;
using EdgeAppliance.Runtime.Localization;

namespace EdgeAppliance.Tests.Unit;

public sealed class CarrierSearchTests
{
    [Fact]
    public void The_carrier_is_found_through_losses_in_an_unknown_frame_with_unknown_clocks()
    {
        var random = new Random(2);
        var radio = Path(0, 120, 0.2, 1, random, 0.3f).Select(place => place with { AtS = place.AtS - 0.6 }).ToArray();
        var tracks = new List<CameraTrack>
        {
            new("a", Seen(Path(0, 50, 0.25, 1, random, 0.03f))),
            new("b", Seen(Path(52, 85, 0.25, 1, random, 0.03f))),
            new("c", Seen(Path(86, 120, 0.25, 1, random, 0.03f))),
            // Seen twice for three seconds.
            new("twin", Seen(Path(60, 63, 0.25, 1, random, 0.1f))),
            // Others: one walks, one stands, one comes by.
            new("x", Seen(Path(0, 120, 0.25, 9, random, 0.03f))),
            new("y", Seen(Enumerable.Range(0, 480).Select(i => new TimedPlace(0.25 * i, new Vector3(8, 1, 0))))),
            new("z", Seen(Path(40, 60, 0.25, 17, random, 0.03f))),
        };
        var found = CarrierSearch.Find(radio, tracks, isPlanar: true);
        Assert.NotNull(found);
        Assert.Equal(["a", "b", "c", "twin"], found.Tracks);
        Assert.Equal(["twin"], found.Doubles);
        Assert.InRange(found.OffsetS, 0.4, 0.8);
        Assert.InRange(found.RadioFromCamera.Scale, 0.0095, 0.0105);
    }

    [Fact]
    public void A_tag_that_nobody_in_sight_carries_is_given_to_nobody()
    {
        var random = new Random(4);
        var radio = Path(0, 120, 0.2, 1, random, 0.3f).ToArray();
        CameraTrack[] tracks =
        [
            new("x", Seen(Path(0, 120, 0.25, 9, random, 0.03f))),
            new("y", Seen(Enumerable.Range(0, 480).Select(i => new TimedPlace(0.25 * i, new Vector3(8, 1, 0))))),
        ];
        Assert.Null(CarrierSearch.Find(radio, tracks, isPlanar: true));
        Assert.Null(CarrierSearch.Find(radio, [], isPlanar: true));
        Assert.Null(CarrierSearch.Find([], tracks, isPlanar: true));
    }

    // The camera counts in centimetres, its axes are turned and its origin is elsewhere.
    static TimedPlace[] Seen(IEnumerable<TimedPlace> places) => [.. places.Select(place => place with
    {
        Place = (100 * Vector3.Transform(place.Place, Quaternion.CreateFromAxisAngle(Vector3.UnitZ, 1.9f)))
            + new Vector3(300, 200, 0),
    })];

    static IEnumerable<TimedPlace> Path(
        double fromS, double toS, double everyS, int who, Random random, float noiseM)
    {
        for (double t = fromS; t < toS; t += everyS)
        {
            var place = new Vector3(
                (float)((2.5 * Math.Sin((t / (5.1 + who)) + who)) + Math.Sin((t / 2.3) + (2 * who))),
                (float)((2.5 * Math.Cos((t / (4.3 + who)) + (3 * who))) + Math.Sin((t / 3.1) + who)), 0);
            yield return new TimedPlace(t, place
                + (noiseM * new Vector3((float)Noise.Gauss(random), (float)Noise.Gauss(random), 0)));
        }
    }
}
