Console.Error.WriteLine("edge-appliance: no command yet");
return 64;
