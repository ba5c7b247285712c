using EdgeAppliance.Onnx.Gradients;

namespace EdgeAppliance.Tests.Unit.Gradients;

/// <summary>
/// Every row of the table of gradient rules against differences, in classes so that they run side by side.
/// </summary>
public sealed class RuleTests
{
    [Fact]
    public void Every_rule_has_cases()
    {
        Assert.Empty(GradientRules.All.Keys.Except(GradientRules.Flat).Except(RuleTable.Rows.Keys));
        Assert.Empty(RuleTable.Rows.Keys.Except(GradientRules.All.Keys));
    }
}

public sealed class ElementwiseRuleTests
{
    public static TheoryData<string> Operators => [.. ElementwiseRows.All.Select(r => r.Op)];

    [Theory, MemberData(nameof(Operators))]
    public void Gradients_are_what_differences_say(string op) => RuleTable.Check(RuleTable.Rows[op]);
}

public sealed class ReductionRuleTests
{
    public static TheoryData<string> Operators => [.. ReductionRows.All.Concat(ProductRows.All).Select(r => r.Op)];

    [Theory, MemberData(nameof(Operators))]
    public void Gradients_are_what_differences_say(string op) => RuleTable.Check(RuleTable.Rows[op]);
}

public sealed class WindowRuleTests
{
    public static TheoryData<string> Operators => [.. WindowRows.All.Concat(ResizeRows.All).Select(r => r.Op)];

    [Theory, MemberData(nameof(Operators))]
    public void Gradients_are_what_differences_say(string op) => RuleTable.Check(RuleTable.Rows[op]);
}

public sealed class LayoutRuleTests
{
    public static TheoryData<string> Operators => [.. LayoutRows.All.Select(r => r.Op)];

    [Theory, MemberData(nameof(Operators))]
    public void Gradients_are_what_differences_say(string op) => RuleTable.Check(RuleTable.Rows[op]);
}
