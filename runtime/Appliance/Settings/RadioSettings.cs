namespace EdgeAppliance.Runtime.Settings;

/// <summary>How radio readings become fixes.</summary>
sealed record RadioSettings
{
    /// <summary>Random acceleration of whoever carries a tag, m/s^2 each axis (a walker who turns: about 1).</summary>
    public double AccelerationMps2 { get; init; } = 1;

    /// <summary>
    /// Standard deviation of a UWB range whose module states none, metres (two-way ranging, line of sight).
    /// </summary>
    public double RangeSigmaM { get; init; } = 0.15;

    /// <summary>Standard deviation of a position whose source states none, metres.</summary>
    public double PositionSigmaM { get; init; } = 0.3;

    /// <summary>Height at which tags are worn, metres: a pocket or a belt.</summary>
    public double TagHeightM { get; init; } = 1;

    /// <summary>Received power at 1 m, dBm (published fits for BLE: -57 to -66).</summary>
    public double RssiAtOneMetreDbm { get; init; } = -60;

    /// <summary>Path loss exponent (published fits indoors: 1 to 2.3).</summary>
    public double PathLossExponent { get; init; } = 2;

    /// <summary>Standard deviation of a received power, dB: fading and bodies in the way.</summary>
    public double RssiSigmaDb { get; init; } = 6;

    /// <summary>Innovations beyond this many standard deviations count less, as in Huber's estimator.</summary>
    public double HuberSigmas { get; init; } = 2;

    /// <summary>
    /// Innovations beyond this many standard deviations are not believed (reflections, no line of sight).
    /// </summary>
    public double GateSigmas { get; init; } = 5;

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
        .Range("radio.tagHeightM", TagHeightM, 0, 10)
        .Range("radio.rssiAtOneMetreDbm", RssiAtOneMetreDbm, -120, 20)
        .Range("radio.pathLossExponent", PathLossExponent, 0.5, 6)
        .Range("radio.rssiSigmaDb", RssiSigmaDb, 0.5, 30)
        .Range("radio.huberSigmas", HuberSigmas, 0.5, 100)
        .Range("radio.gateSigmas", GateSigmas, 1, 100)
        .If(GateSigmas < HuberSigmas, $"radio.gateSigmas is {GateSigmas}: at least huberSigmas, {HuberSigmas}")
        .Range("radio.restartS", RestartS, 0.1, 60)
        .Range("radio.staleS", StaleS, 0.05, 60)
        .Range("radio.historyS", HistoryS, 1, 300)
        .Range("radio.tagsMax", TagsMax, 1, 1024);
}
