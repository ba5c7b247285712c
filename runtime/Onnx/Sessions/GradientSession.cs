using EdgeAppliance.Onnx.Expressions;
using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Onnx.Sessions;

/// <summary>
/// A model open for its utility's gradients: fill <see cref="Input"/>, call <see cref="Run"/>, read
/// <see cref="Utility"/> and <see cref="Gradient"/>. Not thread safe. As a probe it has its role's share of threads,
/// which yield to inference.
/// </summary>
public sealed class GradientSession : IDisposable
{
    readonly SessionRole _role;
    readonly IReadOnlyList<string> _respectTo;

    GradientSession(OnnxSession session, OnnxModel graph, SessionRole role)
    {
        Session = session;
        _role = role;
        Nodes = graph.Graph.Nodes.Count;
        _respectTo = [.. graph.Graph.Outputs.Select(o => o.Name)
            .Where(n => n.StartsWith(GradientGraph.GradientOf(""), StringComparison.Ordinal))];
    }

    /// <summary>Provider, times and shapes.</summary>
    public OnnxSession Session { get; }

    /// <summary>Of the gradient model as written.</summary>
    public int Nodes { get; }

    /// <summary>
    /// The wishes of a probe: few threads that yield, memory given back between runs, all digits. With TF32 a gradient
    /// is off by 5 to 20 % of its length (on an H200: max pools and steep scores turn on small differences).
    /// </summary>
    public static SessionWishes ProbeWishes { get; } = new()
    {
        Role = SessionRole.Probe,
        PlansMemory = false,
        GivesMemoryBack = true,
        FullPrecision = true,
        CountNodes = false,
        WarmUpRuns = 1,
    };

    /// <summary>Writes the gradient model, or finds it where it is kept, and opens it.</summary>
    /// <param name="name">what a person would call it, for messages</param>
    /// <exception cref="NotSupportedException">
    /// no gradient can be taken: the message names operator and node
    /// </exception>
    /// <exception cref="InvalidDataException">the runtime refuses the model</exception>
    public static GradientSession Open(
        string name, OnnxModel model, Func<GraphBuilder, Value> utility, GradientWishes? wishes = null,
        SessionWishes? session = null) =>
        Open(name, GradientGraph.Of(model, utility, wishes), session);

    /// <summary>Opens a gradient model that <see cref="GradientGraph"/> wrote.</summary>
    public static GradientSession Open(string name, OnnxModel gradient, SessionWishes? session = null)
    {
        var wishes = session ?? ProbeWishes;
        return new GradientSession(OnnxSession.Open(name, gradient.ToBytes(), wishes), gradient, wishes.Role);
    }

    /// <summary>An input's memory, to be filled before a run. It keeps what was written.</summary>
    public Span<float> Input(int index = 0) => Session.Input(index);

    /// <summary>Of the last run.</summary>
    public float Utility => Session.Output(0)[0];

    /// <summary>The utility's slope along each number of what was asked for, in the order of the wishes.</summary>
    public ReadOnlySpan<float> Gradient(int index = 0) => Session.Output(Session.OutputOf(_respectTo[index])!.Value);

    /// <summary>A forward output that was asked for.</summary>
    /// <exception cref="ArgumentException">it was not</exception>
    public ReadOnlySpan<float> Output(string name) => Session.Output(
        Session.OutputOf(name) ?? throw new ArgumentException($"'{name}' was not asked for"));

    /// <summary>Computes on the caller's thread, which does not yield.</summary>
    /// <exception cref="OperationCanceledException">stopped; it can run again</exception>
    public void Run(CancellationToken stop = default) => Session.Run(stop);

    /// <summary>Computes on a thread that yields as the role says.</summary>
    /// <exception cref="OperationCanceledException">stopped; it can run again</exception>
    public Task RunAsync(CancellationToken stop = default) => YieldingThread.RunAsync(_role, () =>
    {
        Session.Run(stop);
        return true;
    });

    public void Dispose() => Session.Dispose();
}
