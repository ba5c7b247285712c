using System.Text;
using System.Text.Json;
using EdgeAppliance.Onnx;

namespace EdgeAppliance.Tests.Unit;

/// <summary>Sessions on a model of one node, written here byte by byte.</summary>
public sealed class SessionTests
{
    static readonly SessionWishes OnCpu = new() { Providers = [], Threads = 1 };

    [Fact]
    public void The_native_library_tells_its_version_its_file_and_its_providers()
    {
        var state = OnnxLibrary.Describe();
        Assert.Null(state.Fault);
        Assert.StartsWith("1.", state.Version, StringComparison.Ordinal);
        Assert.True(File.Exists(state.Path), state.Path);
        Assert.Contains(state.Providers, p => p is { Provider: Provider.Cpu, Offered: true, Missing: null });
        Assert.All(state.Providers, p => Assert.Equal(p.Provider, ProviderNames.Find(p.Provider.InSettings())));
    }

    [Fact]
    public void A_provider_that_cannot_be_had_is_told_with_its_reason_and_the_next_one_serves()
    {
        var wishes = OnCpu with { Providers = ProviderNames.FastestFirst };
        using var session = OnnxSession.Open("relu", Relu("2", "3"), wishes);
        foreach (var provider in ProviderNames.FastestFirst.TakeWhile(p => p != session.Provider))
            Assert.NotEmpty(session.Refused.Single(r => r.Provider == provider).Reason);
    }

    [Fact]
    public void A_run_computes_in_place_and_counts_its_nodes()
    {
        using var session = OnnxSession.Open("relu", Relu("2", "3"), OnCpu);
        new[] { -1f, 2, -3, 4, -5, 6 }.CopyTo(session.Input(0));
        session.Run();
        Assert.Equal([0, 2, 0, 4, 0, 6], session.Output(0).ToArray());
        Assert.Equal("x 2x3", session.Inputs.Single().ToString());
        Assert.Equal(1, session.Placement!.Nodes);
        Assert.Empty(session.Placement.FellBack);
        Assert.True(session.WarmUp > TimeSpan.Zero);
    }

    [Fact]
    public void Sizes_a_model_leaves_open_are_given_by_the_caller()
    {
        using var session = OnnxSession.Open("relu", Relu("rows", "columns"),
            OnCpu with { InputShapes = new Dictionary<string, long[]> { ["x"] = [4, 5] } });
        Assert.Equal(20, session.Input(0).Length);
        session.Input(0).Fill(7);
        session.Run();
        Assert.Equal(20, session.Output(0).Length);
        Assert.All(session.Output(0).ToArray(), v => Assert.Equal(7, v));
        Assert.Equal([4L, 5L], session.OutputShape(0));
    }

    [Fact]
    public void Sizes_that_differ_from_the_models_and_names_it_lacks_are_refused()
    {
        var other = OnCpu with { InputShapes = new Dictionary<string, long[]> { ["x"] = [2, 4] } };
        Assert.Contains("x 2x3, its card says 2x4", Assert.Throws<InvalidDataException>(
            () => OnnxSession.Open("relu", Relu("2", "3"), other)).Message, StringComparison.Ordinal);
        var unknown = OnCpu with { InputShapes = new Dictionary<string, long[]> { ["z"] = [2, 3] } };
        Assert.Contains("no input named z", Assert.Throws<InvalidDataException>(
            () => OnnxSession.Open("relu", Relu("2", "3"), unknown)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nodes_that_fell_back_are_named_from_a_profile()
    {
        using var profile = JsonDocument.Parse("""
            [
              {"name": "model_run", "args": {}},
              {"name": "TRT_graph_0_kernel_time", "args": {"op_name": "TRT", "provider": "TensorrtExecutionProvider"}},
              {"name": "/up/Resize_kernel_time", "args": {"op_name": "Resize", "provider": "CPUExecutionProvider"}},
              {"name": "/up/Resize_fence_before", "args": {"op_name": "Resize"}},
              {"name": "/nms_kernel_time", "args": {"op_name": "TopK", "provider": "CUDAExecutionProvider"}}
            ]
            """);
        var placement = SessionOpening.PlacementOf(profile.RootElement, Provider.TensorRt);
        Assert.Equal(3, placement.Nodes);
        Assert.Equal(["Resize /up/Resize (CPU)", "TopK /nms (CUDA)"], placement.FellBack);
    }

    [Fact]
    public void TensorRt_is_told_one_shape_and_where_engines_lie()
    {
        var options = SessionOpening.TensorRtOptions(new SessionWishes
        {
            HalfPrecision = true,
            EngineFolder = "/engines/a",
            InputShapes = new Dictionary<string, long[]> { ["images"] = [1, 3, 416, 416] },
        });
        Assert.Equal("1", options["trt_fp16_enable"]);
        Assert.Equal("/engines/a", options["trt_engine_cache_path"]);
        Assert.Equal("/engines/a", options["trt_timing_cache_path"]);
        foreach (string which in new[] { "min", "opt", "max" })
            Assert.Equal("images:1x3x416x416", options[$"trt_profile_{which}_shapes"]);
    }

    /// <summary>y = max(x, 0) on a tensor of two sizes, each a number or a name (fields of onnx.proto).</summary>
    static byte[] Relu(params string[] sizes)
    {
        byte[] shape = [.. sizes.SelectMany(s => Message(1, long.TryParse(s, out long n) ? Number(1, n) : Text(2, s)))];
        byte[] type = Message(2, Message(1, [.. Number(1, 1), .. Message(2, shape)]));
        byte[] node = [.. Text(1, "x"), .. Text(2, "y"), .. Text(3, "relu"), .. Text(4, "Relu")];
        byte[] graph =
        [
            .. Message(1, node), .. Text(2, "g"), .. Message(11, [.. Text(1, "x"), .. type]),
            .. Message(12, [.. Text(1, "y"), .. type]),
        ];
        return [.. Number(1, 8), .. Message(7, graph), .. Message(8, Number(2, 13))];
    }

    static byte[] Number(int field, long value) => [(byte)(field << 3), .. Varint(value)];

    static byte[] Text(int field, string text) => Message(field, Encoding.UTF8.GetBytes(text));

    static byte[] Message(int field, byte[] body) => [(byte)((field << 3) | 2), .. Varint(body.Length), .. body];

    static byte[] Varint(long value)
    {
        var bytes = new List<byte>();
        for (; value > 127; value >>= 7) bytes.Add((byte)(value | 128));
        return [.. bytes, (byte)value];
    }
}
