using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime.Annotation;

namespace EdgeAppliance.Runtime.Selection;

/// <summary>A frame worth keeping, and why. The frame's lease travels inside.</summary>
/// <param name="Reason">why it was chosen, in a word: <c>new-track</c>, <c>uncertain</c>, <c>steady</c></param>
/// <param name="Worth">how much it is expected to teach, 0 to 1: retention keeps the worthiest</param>
readonly record struct Chosen(Annotated Annotated, string Reason, float Worth) : IDisposable
{
    public Frame Frame => Annotated.Frame;

    public void Dispose() => Annotated.Dispose();
}
