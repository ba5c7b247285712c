namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>What steps of the chain's knobs bring elsewhere.</summary>
static class KnownEdges
{
    /// <summary>Edges that are not known lose nothing and save nothing.</summary>
    public static KnobPriors Of(IReadOnlyList<Ladder> ladders) => KnobPriors.None(ladders);
}
