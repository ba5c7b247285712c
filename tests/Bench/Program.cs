using EdgeAppliance.Bench;

// Name -> benchmark. Each takes where its data lies (--data DIR, else ../shared/data) and answers an exit status.
var benches = new SortedDictionary<string, Func<BenchArguments, int>>(StringComparer.Ordinal)
{
    ["adapt"] = AdaptBench.Run,
    ["detect"] = DetectBench.Run,
    ["gradients"] = GradientsBench.Run,
    ["labels"] = LabelsBench.Run,
    ["links"] = LinksBench.Run,
    ["localize"] = LocalizeBench.Run,
    ["pipeline"] = PipelineBench.Run,
    ["training"] = TrainingBench.Run,
    ["twin"] = TwinBench.Run,
    ["scene"] = SceneBench.Run,
    ["spool"] = SpoolBench.Run,
};

// What makes files for measuring elsewhere: started by name, and no part of "all benchmarks".
var makers = new SortedDictionary<string, Func<BenchArguments, int>>(StringComparer.Ordinal)
{
    ["twin-crops"] = TwinCrops.Run,
    ["twin-export"] = TwinExport.Run,
    ["twin-train"] = TwinTrain.Run,
};

if (args is ["--list"])
{
    foreach (string name in benches.Keys) Console.WriteLine(name);
    return 0;
}

if (BenchArguments.Parse(args) is not { } given
    || (!benches.TryGetValue(given.Name, out var run) && !makers.TryGetValue(given.Name, out run)))
    return BenchArguments.Usage(benches.Keys.Concat(makers.Keys));
try { return run(given); }
catch (FormatException fault)
{
    Console.Error.WriteLine($"bench {given.Name}: {fault.Message}");
    return 64;
}
catch (PlatformNotSupportedException fault)
{
    Console.Error.WriteLine($"bench {given.Name}: {fault.Message}");
    return 69;
}
