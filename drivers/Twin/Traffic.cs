using System.Numerics;

namespace EdgeAppliance.Drivers.Twin;

/// <summary>One person or vehicle of the world.</summary>
/// <param name="Id">never changes: 1 to 200</param>
/// <param name="Tag">the pseudonym of the tag it carries; null without one</param>
sealed record Actor(int Id, Person? Person, Vehicle? Vehicle, string? Tag, Itinerary Way)
{
    public string Class => Person is null ? TwinWorld.VehicleClass : TwinWorld.PersonClass;

    /// <summary>How far from its middle others keep, metres.</summary>
    public float RoomM => Vehicle is { } vehicle ? (vehicle.LengthM / 2) + .3f : .35f;

    /// <summary>Where its tag is: in a breast pocket, on a roof.</summary>
    public Vector3 TagM(in Stance stance)
    {
        var (sin, cos) = MathF.SinCos(stance.Heading);
        return Vehicle is { } vehicle
            ? new Vector3(stance.PositionM, vehicle.HeightM)
            : new Vector3(stance.PositionM.X + (.12f * cos) - (.08f * sin),
                stance.PositionM.Y + (.12f * sin) + (.08f * cos), Person!.HeightM * .72f);
    }
}

/// <summary>
/// Draws who is on the site and where they go from a seed: vehicles along the road, people anywhere but through props,
/// through each other or in front of wheels (ways are drawn again until they keep clear).
/// </summary>
sealed class Traffic(Site site, ulong seed)
{
    const int Tries = 24;
    const float ClearanceStepS = .25f;

    readonly List<Actor> _actors = [];
    readonly List<Vector2[]> _tracks = [];
    Seeded _seeded = new(Seeded.Mix(seed, 3));

    public static IReadOnlyList<Actor> Of(Site site, ulong seed)
    {
        var traffic = new Traffic(site, seed);
        traffic.AddVehicles();
        traffic.AddPeople();
        return traffic._actors;
    }

    void AddVehicles()
    {
        ReadOnlySpan<VehicleKind> kinds =
        [
            VehicleKind.Car, VehicleKind.Van, VehicleKind.Forklift,
            _seeded.Chance(.5f) ? VehicleKind.Car : VehicleKind.Forklift,
        ];
        for (int i = 0; i < kinds.Length; i++)
        {
            var vehicle = Vehicle.Drawn(kinds[i], ref _seeded);
            string? tag = i == 0 || i == 2 ? $"V{i + 1:00}" : null;
            var actor = new Actor(i + 1, null, vehicle, tag, new Itinerary());
            Plan(actor, _seeded.Between(-14, 0), DriveAcross);
            Add(actor);
        }
    }

    void Add(Actor actor)
    {
        // Where it is at each step of the day: everybody drawn later looks there many times.
        var track = new Vector2[(int)(Itinerary.DayS / ClearanceStepS)];
        for (int step = 0; step < track.Length; step++) track[step] = actor.Way.Stance(step * ClearanceStepS).PositionM;
        _actors.Add(actor);
        _tracks.Add(track);
    }

    void AddPeople()
    {
        int people = 8 + _seeded.Below(4);
        for (int i = 0; i < people; i++)
        {
            // Three in four carry a tag: the rest are what the appliance must not give a label.
            string? tag = i % 4 == 3 ? null : $"P{i + 1:00}";
            var actor = new Actor(10 + i, Person.Drawn(ref _seeded), null, tag, new Itinerary());
            Plan(actor, _seeded.Between(-25, 0), WalkAbout);
            Add(actor);
        }
    }

    /// <summary>Fills a day with trips; each is drawn again until it keeps clear of everybody drawn before.</summary>
    void Plan(Actor actor, float startS, Action<Actor> trip)
    {
        var way = actor.Way;
        // Well outside, also for the longest vehicle: 5 m beyond the margin.
        way.Begin(startS, site.Outside(left: true, site.RoadNearM) - new Vector2(5, 0));
        way.Stay(.5f);
        const float LongestTripS = 75;
        while (way.EndS < startS + Itinerary.DayS - LongestTripS)
        {
            int legs = way.Count;
            var from = way.At;
            float since = way.EndS;
            for (int tried = 1; ; tried++)
            {
                trip(actor);
                if (way.EndS < startS + Itinerary.DayS && KeepsClear(actor, since)) break;
                way.Rewind(legs, from);
                if (tried < Tries) continue;
                // Nothing clear was found: wait outside and try again later.
                way.Stay(_seeded.Between(2, 5));
                break;
            }
        }

        way.Close();
    }

    void DriveAcross(Actor actor)
    {
        bool isForklift = actor.Vehicle!.Kind == VehicleKind.Forklift;
        bool toRight = _seeded.Chance(.5f);
        float lane = toRight ? site.RoadNearM + 1.6f : site.RoadFarM - 1.6f;
        float speed = isForklift ? _seeded.Between(1.8f, 2.8f) : _seeded.Between(3, 6);
        actor.Way.Stay(_seeded.Between(1, 9));
        actor.Way.Appear(site.Outside(toRight, lane) + new Vector2(toRight ? -5 : 5, 0));
        actor.Way.Stay(.5f);
        float sign = toRight ? 1 : -1;
        if (_seeded.Chance(.6f))
        {
            float stop = _seeded.Between(-.45f, .45f) * lane;
            actor.Way.MoveTo(new Vector2(stop - (sign * 2.5f), lane), speed);
            actor.Way.MoveTo(new Vector2(stop, lane), speed * .5f);
            actor.Way.Stay(_seeded.Between(3, 9));
            actor.Way.MoveTo(new Vector2(stop + (sign * 2.5f), lane), speed * .5f);
            if (isForklift && _seeded.Chance(.5f))
            {
                // Off the road to the stores at the back, and away along it.
                float bay = site.RoadFarM + _seeded.Between(1.5f, 4);
                actor.Way.MoveTo(new Vector2(stop + (sign * 4), lane + ((bay - lane) * .3f)), speed * .6f);
                actor.Way.MoveTo(new Vector2(stop + (sign * 6), bay), speed * .7f);
                actor.Way.MoveTo(site.Outside(!toRight, bay) + new Vector2(sign * 4, 0), speed);
                return;
            }
        }

        actor.Way.MoveTo(site.Outside(!toRight, lane) + new Vector2(sign * 5, 0), speed);
    }

    void WalkAbout(Actor actor)
    {
        float speed = _seeded.Between(.9f, 1.6f);
        var way = actor.Way;
        way.Stay(_seeded.Between(.5f, 7));
        bool fromLeft = _seeded.Chance(.5f);
        way.Appear(site.Outside(fromLeft, Standing()));
        way.Stay(.5f);
        int stops = 1 + _seeded.Below(4);
        for (int i = 0; i < stops; i++)
        {
            float y = Standing();
            way.MoveTo(new Vector2(_seeded.Between(site.LeftM(y) + 1, site.RightM(y) - 1), y), speed);
            if (_seeded.Chance(.55f)) way.Stay(_seeded.Between(1.5f, 7));
        }

        way.MoveTo(site.Outside(_seeded.Chance(.5f), Standing()), speed);
    }

    /// <summary>A distance where people stop: before or behind the road, nearer places more often.</summary>
    float Standing() => _seeded.Chance(.5f)
        ? _seeded.Between(site.NearM, site.RoadNearM - .6f)
        : _seeded.Between(site.RoadFarM + .6f, site.FarM);

    bool KeepsClear(Actor actor, float sinceS)
    {
        int last = (int)((actor.Way.EndS - 1) / ClearanceStepS), day = (int)(Itinerary.DayS / ClearanceStepS);
        for (int step = (int)MathF.Ceiling(sinceS / ClearanceStepS); step < last; step++)
        {
            var at = actor.Way.Stance(step * ClearanceStepS).PositionM;
            foreach (var prop in site.Props)
            {
                float roomM = prop.RoomM + (actor.Person is null ? actor.RoomM * .7f : .3f);
                if (Vector2.DistanceSquared(at, prop.AtM) < roomM * roomM) return false;
            }

            if (at.X < site.LeftM(at.Y) - 1 || at.X > site.RightM(at.Y) + 1) continue;
            for (int i = 0; i < _actors.Count; i++)
            {
                var other = _actors[i];
                float roomM = actor.RoomM + other.RoomM;
                var gap = _tracks[i][((step % day) + day) % day] - at;
                // Lanes are 3 m apart: only along the road do vehicles need their length.
                if (actor.Vehicle is not null && other.Vehicle is not null && MathF.Abs(gap.Y) > 2.6f) continue;
                if (gap.LengthSquared() < roomM * roomM) return false;
            }
        }

        return true;
    }
}
