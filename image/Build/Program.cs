using EdgeAppliance.Image.Build;
using EdgeAppliance.Image.Build.Setup;

// Verb -> what it needs on this machine, what it does with the words after it, and what help says of it.
var verbs = new Verb[]
{
    new("setup", Groups.All, _ => 0, "", "installs everything that the other verbs need"),
    new("build", Groups.Build, words => Dotnet.Build(words), "", "builds every project, Release"),
    new("demo", Groups.Build | Groups.Run | Groups.Demo, Launch.Demo, "[--seconds N] [--headless]",
        "broker, endpoint and appliance on the simulated world: the main job, end to end"),
    new("run", Groups.Build | Groups.Run, Launch.Run, "-- --camera URI ... | -- --config FILE",
        "the appliance itself; what follows -- is its own (run -- --help)"),
    new("test", Groups.Build | Groups.Run | Groups.Demo | Groups.Test, TestRun.Run, "[" + TestRun.TierNames + "]",
        "all tests, or one tier; every skip says why"),
    new("bench", Groups.Build | Groups.Run | Groups.Demo | Groups.Test, BenchRun.Run, "[NAME] [--data DIR]",
        "one benchmark, or all of them, each in a process of its own"),
    new("publish", Groups.Build, Publish.Run, "[-r RID]",
        "self-contained, trimmed programs into artifacts/publish/RID (linux-x64 unless told)"),
};

Console.CancelKeyPress += (_, pressed) => pressed.Cancel = true; // the child ends by it, and we with the child
if (args is [] or ["help" or "--help" or "-h", ..]) return Verb.Help(verbs, Console.Out, 0);
if (Array.Find(verbs, v => v.Name == args[0]) is not { } verb)
{
    Console.Error.WriteLine($"build: no verb '{args[0]}'");
    return Verb.Help(verbs, Console.Error, 64);
}

if (Freshness.Renew(args) is { } renewed) return renewed;
return SetupRun.Ensure(verb.Needs) is var missing and not 0 ? missing : verb.Do([.. args.Skip(1)]);
