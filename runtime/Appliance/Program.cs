using EdgeAppliance.Runtime.Commands;

return await CommandLine.RunAsync(args, Console.Out, Console.Error);
