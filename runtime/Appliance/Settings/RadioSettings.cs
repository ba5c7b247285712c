namespace EdgeAppliance.Runtime.Settings;

/// <summary>How radio readings become fixes.</summary>
sealed record RadioSettings
{
    /// <summary>Random acceleration of whoever carries a tag, m/s^2 each axis (a walker who turns: about 1).</summary>
    public double AccelerationMps2 { get; init; } = 1;

    /// <summary>
    /// Standard deviation of a UWB range whose module states none, metres: what changes from reading to reading,
    /// two-way ranging in line of sight. Errors that stay are the filter's own.
    /// </summary>
    public double RangeSigmaM { get; init; } = 0.08;

    /// <summary>
    /// Standard deviation of a UWB range difference whose module states none, metres: both paths' and their clocks'.
    /// </summary>
    public double RangeDifferenceSigmaM { get; init; } = 0.3;

    /// <summary>Standard deviation of an angle of arrival whose module states none, degrees.</summary>
    public double AngleSigmaDegrees { get; init; } = 5;

    /// <summary>Standard deviation of a position whose source states none, metres.</summary>
    public double PositionSigmaM { get; init; } = 0.3;

    /// <summary>Height at which tags are worn, metres: a pocket or a belt.</summary>
    public double TagHeightM { get; init; } = 1;

    /// <summary>
    /// How far above or below that they may be, metres; null for tags that fly: their height is measured.
    /// </summary>
    public double? HeightSigmaM { get; init; } = 0.3;

    /// <summary>Received power at 1 m, dBm (published fits for BLE: -57 to -66).</summary>
    public double RssiAtOneMetreDbm { get; init; } = -60;

    /// <summary>Path loss exponent (published fits indoors: 1 to 2.3).</summary>
    public double PathLossExponent { get; init; } = 2;

    /// <summary>Standard deviation of a received power, dB: fading and bodies in the way.</summary>
    public double RssiSigmaDb { get; init; } = 6;

    /// <summary>Innovations beyond this many standard deviations count less, as in Huber's estimator.</summary>
    public double HuberSigmas { get; init; } = 1.5;

    /// <summary>
    /// Innovations beyond this many standard deviations are not believed (reflections, no line of sight).
    /// </summary>
    public double GateSigmas { get; init; } = 5;

    /// <summary>
    /// Readings up to this much older than the newest are put in their place, seconds; older ones are late.
    /// </summary>
    public double LateS { get; init; } = 0.5;

    /// <summary>What comes up to so much after an instant improves the fix there, seconds; 0: nothing does.</summary>
    public double SmoothS { get; init; } = 2;

    /// <summary>Readings refused for so long start the tag's filter anew, seconds.</summary>
    public double RestartS { get; init; } = 1.5;

    /// <summary>A fix this much older than the asked instant says nothing, seconds.</summary>
    public double StaleS { get; init; } = 2;

    /// <summary>How far back fixes can be asked for, seconds.</summary>
    public double HistoryS { get; init; } = 15;

    /// <summary>Tags followed at once; the one silent longest makes room.</summary>
    public int TagsMax { get; init; } = 64;

    public IEnumerable<string> Faults() => new FaultList()
        .Range("radio.accelerationMps2", AccelerationMps2, 0.01, 50)
        .Range("radio.rangeSigmaM", RangeSigmaM, 0.01, 10)
        .Range("radio.positionSigmaM", PositionSigmaM, 0.01, 20)
        .Range("radio.rangeDifferenceSigmaM", RangeDifferenceSigmaM, 0.01, 10)
        .Range("radio.angleSigmaDegrees", AngleSigmaDegrees, 0.1, 90)
        .Range("radio.tagHeightM", TagHeightM, 0, 10)
        .If(HeightSigmaM is not (null or (>= 0.01 and <= 10)),
            $"radio.heightSigmaM is {HeightSigmaM}: null, or 0.01 to 10")
        .Range("radio.rssiAtOneMetreDbm", RssiAtOneMetreDbm, -120, 20)
        .Range("radio.pathLossExponent", PathLossExponent, 0.5, 6)
        .Range("radio.rssiSigmaDb", RssiSigmaDb, 0.5, 30)
        .Range("radio.huberSigmas", HuberSigmas, 0.5, 100)
        .Range("radio.gateSigmas", GateSigmas, 1, 100)
        .If(GateSigmas < HuberSigmas, $"radio.gateSigmas is {GateSigmas}: at least huberSigmas, {HuberSigmas}")
        .Range("radio.lateS", LateS, 0, 2)
        .Range("radio.smoothS", SmoothS, 0, 5)
        .Range("radio.restartS", RestartS, 0.1, 60)
        .Range("radio.staleS", StaleS, 0.05, 60)
        .Range("radio.historyS", HistoryS, 1, 300)
        .Range("radio.tagsMax", TagsMax, 1, 1024);
}
