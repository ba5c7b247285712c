using System.Globalization;

namespace EdgeAppliance.Bench;

/// <summary>
/// A small classifier trained here beside PyTorch's curve: the same weights to begin with, crops, order and rule.
/// <c>--threads N</c>: 1 unless said. <c>--provider cuda</c>: on that accelerator.
/// </summary>
static class TrainingBench
{
    public static int Run(BenchArguments arguments)
    {
        var report = new Report(arguments.Name);
        int threads = arguments.After("--threads") is { } said ? int.Parse(said, CultureInfo.InvariantCulture) : 1;
        Console.Error.WriteLine("drawing 9000 crops");
        using var curve = new LearningCurve(Directory.GetCurrentDirectory(), threads, arguments.Provider);
        string on = $"{curve.Epochs} epochs, {GradientsBench.On(threads, arguments.Provider)}";
        // Rounding drifts apart as training goes on: the first steps tell whether the rule is the same.
        double off = 0;
        for (int epoch = 0; epoch < curve.Epochs; epoch++)
        {
            double sum = 0;
            for (int i = 0; i < curve.StepsPerEpoch; i++)
            {
                int number = epoch * curve.StepsPerEpoch + i;
                double loss = curve.Step(number);
                sum += loss;
                if (number <= 12) off = Math.Max(off, Math.Abs(loss - curve.FirstLosses[number]));
            }

            double accuracy = curve.Accuracy();
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"epoch {epoch + 1}: loss {sum / curve.StepsPerEpoch:F4}, accuracy {accuracy:F4}, "
                    + $"PyTorch's {curve.Accuracies[epoch]:F4}"));
            if (epoch < curve.Epochs - 1) continue;
            report.Add("loss_off_first_13_steps", off, "1", "<=0.002", on);
            string goal = (curve.Accuracies[epoch] - 0.01).ToString("F4", CultureInfo.InvariantCulture);
            report.Add("accuracy", accuracy, "1", $">={goal}", on);
            report.Add("accuracy_pytorch", curve.Accuracies[epoch], "1", "", on);
        }

        return report.Finish();
    }
}
