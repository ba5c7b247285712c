namespace EdgeAppliance.Runtime.Calibration;

/// <summary>Poses that may be right: from random pieces of tracks taken to be random tags.</summary>
sealed class PoseSearch
{
    /// <summary>A piece is a track and a tag that were both there so many times, and the tag moved.</summary>
    const int PieceMin = 8;

    const double PieceSpreadM = 0.4;

    /// <summary>A foot farther from where it should be explains nothing, part of the picture's width.</summary>
    const double NearWidths = 40.0 / 1280;

    /// <summary>What a tag in sight costs that nothing explains: else a camera that sees all would be best.</summary>
    const double InSightCost = 0.2;

    readonly CameraModel _model;
    readonly WalkTables _tables;
    readonly WalkPoseOptions _options;
    readonly List<Piece> _pieces = [];
    readonly Dictionary<string, List<int>> _byTag = new(StringComparer.Ordinal);
    readonly List<string> _tags = [];
    ulong _random;

    public PoseSearch(CameraModel model, WalkTables tables, WalkPoseOptions options)
    {
        (_model, _tables, _options, _random) = (model, tables, options, options.Seed);
        var pieces = new SortedDictionary<(int Track, string Tag), List<SeenPoint>>();
        foreach (var instant in tables.Instants)
        {
            foreach (string tag in tables.Tags)
            {
                if (instant.Length == 0
                    || tables.PlaceAt(tag, instant[0].TimeS + options.OffsetS) is not { } at) continue;
                foreach (var seen in instant)
                {
                    if (seen.Track is not { } track) continue;
                    if (!pieces.TryGetValue((track, tag), out var points)) pieces[(track, tag)] = points = [];
                    points.Add(new SeenPoint(at.X, at.Y, 0, seen.U, seen.V, SigmaPx, SigmaPx));
                }
            }
        }

        foreach (var ((track, tag), points) in pieces)
        {
            if (points.Count < PieceMin || Spread(points) < PieceSpreadM) continue;
            if (!_byTag.TryGetValue(tag, out var own))
            {
                _byTag[tag] = own = [];
                _tags.Add(tag);
            }

            own.Add(_pieces.Count);
            _pieces.Add(new Piece(track, Thinned(points)));
        }
    }

    double SigmaPx => _model.Width * 15 / 1280.0;

    /// <summary>The most explaining ones, best first.</summary>
    public IReadOnlyList<(CameraModel Model, CameraPose Pose)> Best(int count)
    {
        var found = new List<(double Score, CameraModel Model, CameraPose Pose)>();
        for (int trial = 0; _pieces.Count > 0 && trial < _options.Trials; trial++)
        {
            if (Draw() is not { } points || PlanarPose.Solve(_model, points, _options.IsFocalFree) is not { } start)
                continue;
            // The homography minimises no error of the picture: a few steps on that make the score tell.
            if (PoseFit.Refine(start.Model, start.Pose, points, _options.IsFocalFree, 6) is not { } fit) continue;
            if (fit.Pose.PlaceM.Z is not (> 0.5 and < 60)) continue;
            found.Add((Score(fit.Model, fit.Pose, _options.OffsetS), fit.Model, fit.Pose));
        }

        return [.. found.OrderByDescending(row => row.Score).Take(count).Select(row => (row.Model, row.Pose))];
    }

    /// <summary>How much of all tags' places a pose explains, about once a second.</summary>
    public double Score(CameraModel model, CameraPose pose, double offsetS)
    {
        double near = model.Width * NearWidths, score = 0;
        int inSight = 0;
        for (int i = 0; i < _tables.Instants.Count; i += 5)
        {
            var instant = _tables.Instants[i];
            if (instant.Length == 0) continue;
            foreach (string tag in _tables.Tags)
            {
                if (_tables.PlaceAt(tag, instant[0].TimeS + offsetS) is not { } at
                    || pose.Project(model, at.X, at.Y, 0) is not { } p || !WalkPose.IsInside(model, p)) continue;
                inSight++;
                double least = near * near;
                foreach (var seen in instant)
                {
                    double u = seen.U - p.U, v = seen.V - p.V;
                    least = Math.Min(least, (u * u) + (v * v));
                }

                score += 1 - (least / (near * near));
            }
        }

        return score - (InSightCost * inSight);
    }

    // One to three pieces, half the time of one tag.
    SeenPoint[]? Draw()
    {
        int count = 1 + Below(3);
        var own = Below(2) == 0 ? _byTag[_tags[Below(_tags.Count)]] : null;
        Span<int> tracks = stackalloc int[3];
        var points = new List<SeenPoint>();
        for (int i = 0; i < count; i++)
        {
            var piece = _pieces[own is null ? Below(_pieces.Count) : own[Below(own.Count)]];
            if (tracks[..i].Contains(piece.Track)) return null;
            tracks[i] = piece.Track;
            points.AddRange(piece.Points);
        }

        return [.. points];
    }

    static SeenPoint[] Thinned(List<SeenPoint> points)
    {
        // A dozen points fix a piece as well as a hundred.
        int stride = Math.Max(1, points.Count / 12);
        return [.. points.Where((_, i) => i % stride == 0)];
    }

    static double Spread(List<SeenPoint> points)
    {
        double x = points.Average(p => p.X), y = points.Average(p => p.Y);
        return Math.Sqrt(points.Average(p => ((p.X - x) * (p.X - x)) + ((p.Y - y) * (p.Y - y))));
    }

    // SplitMix64: the same walk gives the same pose.
    int Below(int count)
    {
        _random += 0x9E3779B97F4A7C15;
        ulong z = (_random ^ (_random >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (int)((z ^ (z >> 31)) % (ulong)count);
    }

    sealed record Piece(int Track, SeenPoint[] Points);
}
