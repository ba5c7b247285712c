using System.Collections.Immutable;
using System.Diagnostics;
using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Drivers.Timing;
using EdgeAppliance.Onnx;
using EdgeAppliance.Runtime.Inference;
using EdgeAppliance.Runtime.Settings;

namespace EdgeAppliance.Bench;

/// <summary>
/// Pictures with a chroma sample for every pixel, as COCO's JPEGs have them and OpenCV reads them; a camera's frames,
/// and so the appliance's, have one for four. Each plane goes through the appliance's own resizing as a grey picture,
/// then its own colour terms, session and head. The ffmpeg program decodes.
/// </summary>
sealed class FullChroma : IDisposable
{
    readonly CardInput _input;
    readonly OnnxSession _session;
    readonly IHead _head;
    readonly ImmutableArray<int> _outputs;
    readonly Candidates _candidates = new(100);
    readonly Reading _reading;
    readonly float _iouMax;

    public FullChroma(ModelFolder model, InferenceSettings settings, double scoreMin, double nmsIou)
    {
        _input = model.Card.Input;
        _session = OnnxSession.Open(model.Path, model.Onnx, Detector.WishesOf(model, settings));
        (_head, _outputs) = Heads.Create(model.Card, _session.Outputs);
        _reading = new Reading((float)scoreMin, EveryClass: true);
        _iouMax = (float)nmsIou;
    }

    /// <param name="jpeg">the file</param>
    /// <param name="format">its size</param>
    public ImmutableArray<Detection> Detect(string jpeg, FrameFormat format)
    {
        byte[] planes = Decode(jpeg, format.LumaBytes);
        float[][] resized = new float[3][];
        Fit fit = default;
        for (int i = 0; i < 3; i++)
            resized[i] = Resize(planes.AsSpan(i * format.LumaBytes, format.LumaBytes), format, i > 0, out fit);
        int pixels = _input.Width * _input.Height;
        for (int plane = 0; plane < 3; plane++)
        {
            int colour = _input.Colour == ColourOrder.Rgb ? plane : 2 - plane;
            var terms = ColourTerms.Of(ColourRange.Full, ColourMatrix.Bt601, colour, _input.Scale, _input.Mean[plane],
                _input.Deviation[plane]);
            terms.Apply(resized[0], resized[1], resized[2], _session.Input(0).Slice(plane * pixels, pixels));
        }

        _session.Run();
        _candidates.Clear();
        _head.Read(new HeadTensors(_session.Output(_outputs[0]), default), _reading, _candidates);
        return _candidates.Best(_iouMax, fit, cut: false);
    }

    public void Dispose() => _session.Dispose();

    float[] Resize(ReadOnlySpan<byte> plane, FrameFormat format, bool isChroma, out Fit fit)
    {
        // 128 is chroma's zero, so a padded pixel keeps the grey of the padding.
        var grey = new Preprocessor(_input with
        {
            Layout = TensorLayout.Nchw,
            Scale = 1,
            Mean = [0, 0, 0],
            Deviation = [1, 1, 1],
            Pad = isChroma ? 128 : _input.Pad,
        });
        float[] tensor = new float[grey.Length];
        var whole = format with { Range = ColourRange.Full, Matrix = ColourMatrix.Bt601 };
        using var pool = new FramePool(1, whole.Bytes);
        if (!pool.TryRent(out var lease)) throw new InvalidOperationException("a fresh pool has a slot");
        using var frame = new Frame(lease, whole, MonoTime.Now, 0, TimeSpan.Zero);
        plane.CopyTo(frame.Luma);
        frame.ChromaBlue.Fill(128);
        frame.ChromaRed.Fill(128);
        fit = grey.Fill(frame, tensor);
        return tensor[..(_input.Width * _input.Height)];
    }

    static byte[] Decode(string jpeg, int planeBytes)
    {
        var start = new ProcessStartInfo("ffmpeg") { RedirectStandardOutput = true };
        string[] words = ["-v", "error", "-i", jpeg, "-f", "rawvideo", "-pix_fmt", "yuvj444p", "-"];
        foreach (string word in words) start.ArgumentList.Add(word);
        using var process = Process.Start(start)
            ?? throw new InvalidOperationException("ffmpeg could not be started: sudo apt install ffmpeg");
        byte[] planes = new byte[3 * planeBytes];
        process.StandardOutput.BaseStream.ReadExactly(planes);
        process.WaitForExit();
        return planes;
    }
}
