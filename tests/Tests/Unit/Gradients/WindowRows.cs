using EdgeAppliance.Onnx.Model;

namespace EdgeAppliance.Tests.Unit.Gradients;

/// <summary>Cases of operators that slide a window: convolutions and pools.</summary>
static class WindowRows
{
    public static readonly RuleRow[] All =
    [
        // Linear in each of its inputs: whole steps.
        new("Conv", Conv) { Step = 1, Cases = 96, Opsets = [17, 22] },
        new("ConvTranspose", ConvTranspose) { Step = 1, Cases = 72, Opsets = [17, 22] },
        new("MaxPool", d => Pool(d, "MaxPool", d.Apart())) { IsDouble = true, Cases = 72, Opsets = [17, 22] },
        new("AveragePool", d => Pool(d, "AveragePool", d.Normal())) { Step = 1, Cases = 96, Opsets = [17, 19, 22] },
        new("GlobalAveragePool", d => d.Out("GlobalAveragePool", [d.In(d.Shape(3, 5))])) { Step = 1 },
        new("GlobalMaxPool", d => d.Out("GlobalMaxPool", [d.In(d.Shape(3, 5), d.Apart())])),
    ];

    /// <summary>A window's attributes, and the sizes of an input it fits.</summary>
    sealed record Window(long[] Sizes, long[] Kernel, long[] Strides, long[] Dilations, long[] Pads,
        OnnxAttribute[] Attributes);

    static Window Slide(Draw d, int axes, bool canDilate = true, bool isPool = false)
    {
        long[] kernel = Draw.Many(axes, _ => d.Int(1, 3)), strides = Draw.Many(axes, _ => d.OneOf(1, 1, 2, 3));
        if (d.Number % 3 == 0) Array.Fill(strides, 1);
        long[] dilations = Draw.Many(axes, _ => canDilate ? d.OneOf(1, 1, 2) : 1);
        // ONNX Runtime refuses both together.
        if (d.Number / 3 % 8 is 5 or 6) Array.Fill(dilations, 1);
        long Span(int i) => (kernel[i] - 1) * dilations[i] + 1;
        string auto = "NOTSET";
        long[] pads = new long[2 * axes];
        switch (d.Number / 3 % 8)
        {
            case 0: break;
            case 1: pads = Draw.Many(2 * axes, i => (kernel[i % axes] - 1) / 2); break;
            case 2 or 3: pads = Draw.Many(2 * axes, i => d.Int(0, (int)kernel[i % axes] - 1)); break;
            // More than the kernel reaches: ONNX Runtime refuses that of pools.
            case 4:
                pads = Draw.Many(2 * axes, i => isPool ? kernel[i % axes] - 1 : d.Int(0, (int)Span(i % axes)
                + 1)); break;
            case 5: auto = "SAME_UPPER"; break;
            case 6: auto = "SAME_LOWER"; break;
            default: auto = "VALID"; break;
        }

        long[] sizes = Draw.Many(axes, i => auto.StartsWith("SAME", StringComparison.Ordinal) ? d.Int(1, 7)
            // With holes as wide as the input a pool could see padding only.
            : Math.Max(isPool ? dilations[i] : 1, Span(i) - pads[i] - pads[axes + i] + d.Int(0, axes == 3 ? 3 : 5)));
        return new Window(sizes, kernel, strides, dilations, pads,
        [
            .. strides.All(s => s == 1) ? d.Maybe(OnnxAttribute.Of("strides", strides))
                : [OnnxAttribute.Of("strides", strides)],
            .. dilations.All(s => s == 1) ? [] : (OnnxAttribute[])[OnnxAttribute.Of("dilations", dilations)],
            .. auto != "NOTSET" ? [OnnxAttribute.Of("auto_pad", auto)]
                : pads.All(p => p == 0) ? d.Maybe(OnnxAttribute.Of("pads", pads)) : [OnnxAttribute.Of("pads", pads)],
        ]);
    }

    /// <summary>
    /// Groups, and channels of each that go in and come out: plain, grouped, depthwise, depthwise with more out.
    /// </summary>
    static (long Groups, long In, long Out) Channels(Draw d) => (d.Number % 4) switch
    {
        0 => (1, d.Int(1, 3), d.Int(1, 3)),
        1 => (d.Int(2, 3), d.Int(1, 2), d.Int(1, 2)),
        2 => (d.Int(2, 4), 1, 1),
        _ => (d.Int(2, 3), 1, d.Int(2, 3)),
    };

    static void Conv(Draw d)
    {
        var window = Slide(d, d.OneOf(1, 2, 2, 3));
        var (groups, into, outOf) = Channels(d);
        var x = d.In([d.Int(1, 2), groups * into, .. window.Sizes]);
        d.Out("Conv", [x, d.In([groups * outOf, into, .. window.Kernel]), d.Flip() ? d.In([groups * outOf]) : null],
        [
            .. window.Attributes, .. d.Maybe(OnnxAttribute.Of("kernel_shape", window.Kernel)),
            .. groups == 1 ? [] : (OnnxAttribute[])[OnnxAttribute.Of("group", groups)],
        ]);
    }

    static void ConvTranspose(Draw d)
    {
        int axes = d.OneOf(1, 2, 2, 3);
        long[] kernel = Draw.Many(axes, _ => d.Int(1, 3)), strides = Draw.Many(axes, _ => d.Int(1, 3));
        long[] dilations = Draw.Many(axes, _ => d.OneOf(1, 1, 2));
        long[] extra = Draw.Many(axes, i => d.Int(0, (int)strides[i] - 1));
        if (d.Number % 3 == 0) Array.Clear(extra);
        long[] pads = d.Number % 2 == 0 ? new long[2 * axes] : Draw.Many(2 * axes, i => d.Int(0,
            (int)kernel[i % axes] - 1));
        // Something has to be left after the pads are cut off.
        long[] sizes = Draw.Many(axes, i => d.Int(1, axes == 3 ? 2 : 4) + 1);
        var (groups, into, outOf) = Channels(d);
        bool isAuto = d.Number % 9 == 8;
        var x = d.In([d.Int(1, 2), groups * into, .. sizes]);
        d.Out("ConvTranspose", [x, d.In([groups * into, outOf, .. kernel]), d.Flip() ? d.In([groups * outOf]) : null],
        [
            OnnxAttribute.Of("strides", isAuto ? Draw.Many(axes, _ => 1) : strides), OnnxAttribute.Of("dilations",
                dilations),
            isAuto ? OnnxAttribute.Of("auto_pad", d.OneOf("SAME_UPPER", "SAME_LOWER", "VALID"))
                : OnnxAttribute.Of("pads", pads),
            .. isAuto || extra.All(e => e == 0) ? [] : (OnnxAttribute[])[OnnxAttribute.Of("output_padding", extra)],
            .. groups == 1 ? [] : (OnnxAttribute[])[OnnxAttribute.Of("group", groups)],
        ]);
    }

    /// <summary>
    /// A last window that would begin after the input is left out when a pool runs, but ONNX Runtime's own check of
    /// shapes
    /// knows that from operator set 22 on only, and refuses what follows on the pool.
    /// </summary>
    static bool CanCeil(Draw d, Window w) => d.Graph.Opset >= 22 || w.Sizes.Index().All(size =>
    {
        int i = size.Index, axes = w.Sizes.Length;
        long room = size.Item + w.Pads[i] + w.Pads[axes + i] - (w.Kernel[i] - 1) * w.Dilations[i] - 1;
        return (room + w.Strides[i] - 1) / w.Strides[i] * w.Strides[i] < size.Item + w.Pads[i];
    });

    static void Pool(Draw d, string op, Func<double> number)
    {
        bool isAverage = op == "AveragePool";
        var window = Slide(d, d.OneOf(1, 2, 2, 3), canDilate: !isAverage || d.Graph.Opset >= 19, isPool: true);
        var x = d.In([d.Int(1, 2), d.Int(1, 3), .. window.Sizes], number);
        bool isAuto = window.Attributes.Any(a => a.Name == "auto_pad");
        d.Out(op, [x],
        [
            .. window.Attributes, OnnxAttribute.Of("kernel_shape", window.Kernel),
            .. isAuto || !CanCeil(d, window) ? [] : d.Maybe(OnnxAttribute.Of("ceil_mode", 1)),
            .. isAverage ? d.Maybe(OnnxAttribute.Of("count_include_pad", 1)) : [],
        ]);
    }
}
