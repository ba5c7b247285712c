namespace EdgeAppliance.Tests.Tidy;

/// <summary>A sample for <see cref="CheckerTests"/>.</summary>
enum Answer
{
    Yes = 1,
    No = 2,
}
