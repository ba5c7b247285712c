using System.CommandLine;
using EdgeAppliance.Retrain;

// A stop by signal writes what has arrived and the COCO file: more than the default two seconds.
return await Commands.Root().Parse(args)
    .InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) })
    .ConfigureAwait(false);
