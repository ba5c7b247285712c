using System.CommandLine;
using System.Globalization;
using EdgeAppliance.Runtime.Adaptation;

namespace EdgeAppliance.Runtime.Commands;

/// <summary><c>knobs</c>: what the knobs did, and what they would have done under another rule.</summary>
static class KnobsCommand
{
    sealed class Words
    {
        public Argument<string> Trace { get; } = new("TRACE") { Description = "a trace of an appliance (knobs.csv)" };

        public Option<string> Rule { get; } = new("--rule")
        {
            Description = "pooled (ours) or adam (the published one)",
            DefaultValueFactory = _ => "pooled",
        };

        public Option<double?> Price { get; } = new("--price")
        {
            Description = "F1 that the dearest setting's costs are worth, each; else as recorded",
        };

        public Option<double?> Uplink { get; } = new("--uplink")
        {
            Description = "budget in bit/s; else as recorded",
        };

        public Option<double?> Compute { get; } = new("--compute")
        {
            Description = "budget in ms/s; else as recorded",
        };
    }

    public static Command Create(TextWriter output)
    {
        var command = new Command("knobs", "Looks into what the knobs did (docs/adaptation.md).");
        var replay = new Command("replay", "Runs a rule on a recorded trace, second by second.");
        var own = new Words();
        replay.Add(own.Trace);
        own.Rule.AcceptOnlyFromAmong("pooled", "adam");
        foreach (Option option in new Option[] { own.Rule, own.Price, own.Uplink, own.Compute }) replay.Add(option);
        replay.SetAction(words => Replay(words, own, output));
        command.Add(replay);
        return command;
    }

    static int Replay(ParseResult words, Words own, TextWriter output)
    {
        string file = words.GetValue(own.Trace)!;
        if (!File.Exists(file)) throw new FileNotFoundException($"{file}: no such trace", file);
        var (ladders, seconds) = KnobTrace.Read(file);
        if (seconds.Count == 0) throw new InvalidDataException($"{file}: not a single second is recorded");
        var costs = KnownEdges.Rule(ladders);
        IKnobRule rule = words.GetValue(own.Rule) == "adam" ? new AdamRule(ladders) : costs;
        var controller = new KnobController([.. ladders.Select(l => new ReplayedKnob(l))], rule, costs);
        var state = ControllerState.At(KnobState.At(ladders, seconds[0].Setting.Rungs));
        output.WriteLine("at_s," + string.Join(',', ladders.SelectMany(l => new[] { l.Knob, $"{l.Knob} replayed" })));
        int same = 0;
        foreach (var second in seconds)
        {
            // What was in force when the probe looked is this second's setting, whatever its number was then.
            var probe = second.Probe is { } p && p.Setting == second.Setting.Version
                ? p with { Setting = state.Setting } : null;
            var rungs = state.Knobs.Rungs;
            if (rungs.AsSpan().SequenceEqual(second.Setting.Rungs.AsSpan())) same++;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{second.At.Seconds:F1},")
                + string.Join(',', ladders.SelectMany((l, k) => new[] { l[second.Setting.Rungs[k]], l[rungs[k]] })));
            state = controller.Next(state, probe, second.Meters, Budget(second.Budget, words, own),
                words.GetValue(own.Price) is { } price ? new Resources(price, price) : second.Price, second.At,
                second.Scene);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"# {seconds.Count} seconds, {100.0 * same / seconds.Count:F1} % of them at the recorded setting"));
        return ExitStatus.Ok;
    }

    static KnobBudget Budget(KnobBudget recorded, ParseResult words, Words own) => recorded with
    {
        UplinkBitsPerS = words.GetValue(own.Uplink) ?? recorded.UplinkBitsPerS,
        ComputeMsPerS = words.GetValue(own.Compute) ?? recorded.ComputeMsPerS,
    };

    /// <summary>A trace says nothing of floors and rests: those of the chain's own knobs.</summary>
    sealed record ReplayedKnob(Ladder Ladder)
        : Knob(Ladder, ChainKnobs.FloorOf(Ladder), ChainKnobs.RestSOf(Ladder));
}
