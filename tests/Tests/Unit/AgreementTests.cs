using EdgeAppliance.Runtime.Adaptation;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Tests.Unit;

public sealed class AgreementTests
{
    static Detection At(float left, float score = 0.9f, int kind = 0) =>
        new(new Box(left, 100, left + 40, 200), kind, score);

    [Fact]
    public void Agreement_counts_pairs_of_a_class_above_the_threshold()
    {
        Detection[] seen = [At(10), At(100, 0.2f), At(200, 0.8f, kind: 1)], reference = [At(12), At(101), At(200)];
        Assert.Equal(new Agreement(1, 2, 3), Agreement.Of(seen, reference, 0.3f));
        Assert.Equal(2.0 / 5, Agreement.Of(seen, reference, 0.3f).F1, 12);
        Assert.Equal(1, Agreement.Of([], [], 0.3f).F1);
        Assert.Equal(0, Agreement.Of([At(1)], [], 0.3f).F1);
    }

    [Fact]
    public void Utility_apart_is_nothing_between_equals_and_all_of_what_has_no_partner()
    {
        Assert.Equal(0, Agreement.UtilityApart([At(10)], [At(10)], 0.3f), 12);
        Assert.Equal(1, Agreement.UtilityApart([At(10)], [], 0.3f), 3);
        Assert.Equal(0.5, Agreement.UtilityApart([At(10, 0.3f)], [At(10)], 0.3f), 3);
    }
}
