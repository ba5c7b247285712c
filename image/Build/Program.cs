Console.Error.WriteLine("build: no verb yet");
return 64;
