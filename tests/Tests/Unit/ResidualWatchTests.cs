using System.Collections.Immutable;
using System.Numerics;
using EdgeAppliance.Runtime.Calibration;
using EdgeAppliance.Runtime.Fusion;
using EdgeAppliance.Runtime.Localization;
using EdgeAppliance.Runtime.Settings;
using EdgeAppliance.Runtime.Tracking;

namespace EdgeAppliance.Tests.Unit;

public sealed class ResidualWatchTests : IDisposable
{
    const int Pairs = 4;

    readonly SceneFrames _frames = new(Street.Width, Street.Height);
    readonly ListLog _log = new();
    readonly Random _random = new(1);
    readonly ResidualWatch _watch;
    readonly double[] _lasting = new double[2 * Pairs];
    double _t;

    public ResidualWatchTests() => _watch = new ResidualWatch(new FusionSettings(), _log);

    public void Dispose() => _frames.Dispose();

    [Fact]
    public void Ten_minutes_of_sound_residuals_raise_no_alarm_though_they_last_and_are_not_about_zero()
    {
        Pass(600, new Vector2(0.1f, -0.2f));
        Assert.Equal(0, _watch.Alarms);
        Assert.True(_watch.Blocks > 500);
    }

    [Fact]
    public void A_shift_is_told_once_and_taken_back_when_it_is_gone()
    {
        Pass(120, default);
        Pass(60, new Vector2(0.7f, 0));
        Assert.Equal(1, _watch.Alarms);
        Assert.Contains("was the camera moved", _watch.View.Alarm!, StringComparison.Ordinal);
        Pass(120, new Vector2(0.7f, 0));
        Assert.Equal(1, _watch.Alarms);
        Assert.Single(_log.Lines, line => line.Id == 4362);
        Pass(120, default);
        Assert.Null(_watch.View.Alarm);
        Assert.Single(_log.Lines, line => line.Id == 4363);
    }

    [Fact]
    public void Tags_in_sight_that_nobody_is_matched_to_any_more_are_an_alarm()
    {
        Pass(180, default);
        Pass(60, default, isMatched: false);
        Assert.Equal(1, _watch.Alarms);
        Assert.Contains("matched", _watch.View.Alarm!, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_yard_is_no_alarm()
    {
        Pass(180, default);
        Pass(600, default, isThere: false);
        Assert.Equal(0, _watch.Alarms);
    }

    void Pass(double seconds, Vector2 shift, bool isMatched = true, bool isThere = true)
    {
        for (double end = _t + seconds; _t < end; _t += 0.2)
        {
            var tracks = ImmutableArray.CreateBuilder<LocatedTrack>();
            var fixes = ImmutableArray.CreateBuilder<Fix>();
            var frame = _frames.At(_t);
            for (int i = 0; isThere && i < Pairs; i++)
            {
                // Lasting errors of 0.25 m over two seconds, as radio and bodies make them.
                for (int axis = 0; axis < 2; axis++)
                {
                    ref double lasting = ref _lasting[(2 * i) + axis];
                    lasting = (0.9 * lasting) + (0.25 * Math.Sqrt(1 - 0.81) * Noise.Gauss(_random));
                }

                var at = new Vector2((2 * i) - 3, 12);
                fixes.Add(new Fix(frame.At, $"T{i}", at, null, Covariance2.Isotropic(0.02)));
                var ground = at + shift + new Vector2((float)_lasting[2 * i], (float)_lasting[(2 * i) + 1]);
                var box = Street.BoxAt(ground);
                var match = new TagMatch($"T{i}", 0.3, 1, TimeSpan.FromSeconds(5), 30, 5);
                tracks.Add(new LocatedTrack(
                    new Track(i, box, box, 0, 0, 0.9f, 50), ground, Covariance2.Isotropic(0.02),
                    isMatched ? match : null)
                {
                    Away = Vector2.Normalize(ground),
                });
            }

            using var located = new Located(frame, tracks.ToImmutable(), [], fixes.ToImmutable(), "m", "g");
            _watch.Note(located, Street.Camera);
        }
    }
}
