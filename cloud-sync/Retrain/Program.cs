Console.Error.WriteLine("edge-retrain: no command yet");
return 64;
