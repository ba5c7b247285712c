using EdgeAppliance.Drivers.Memory;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>
/// A frame's planes to a model's input in one pass: resize (bilinear, half-pixel centres, no smoothing before, as
/// OpenCV's INTER_LINEAR), YCbCr to RGB, cut to 0..255, normalise, lay out. Chroma samples are taken to sit in the
/// middle of their four luma samples. Tables are made when the frame's format changes; a frame allocates nothing.
/// </summary>
sealed class Preprocessor
{
    readonly CardInput _input;
    readonly ColourTerms[] _terms = new ColourTerms[3];
    FrameFormat _format;
    Fit _fit;
    PlaneRows? _luma, _blue, _red;
    float[] _y = [], _u = [], _v = [];
    float[][] _planes = [];

    public Preprocessor(CardInput input) => _input = input;

    /// <summary>Floats the input holds.</summary>
    public int Length => 3 * _input.Width * _input.Height;

    /// <summary>
    /// Fills the model's input. The memory must be the same at each call: the padding is written only when the format
    /// changes.
    /// </summary>
    /// <param name="tensor">exactly <see cref="Length"/> floats</param>
    /// <returns>where the picture lies in it</returns>
    public Fit Fill(in Frame frame, Span<float> tensor)
    {
        if (tensor.Length != Length)
            throw new ArgumentException($"{tensor.Length} floats for {Length}", nameof(tensor));
        if (_luma is null || frame.Format != _format) Prepare(frame.Format, tensor);
        var luma = _luma!;
        var blue = _blue!;
        var red = _red!;
        ReadOnlySpan<byte> y = frame.Luma, u = frame.ChromaBlue, v = frame.ChromaRed;
        for (int row = 0; row < _fit.Height; row++)
        {
            luma.Row(y, row, _y);
            blue.Row(u, row, _u);
            red.Row(v, row, _v);
            if (_input.Layout == TensorLayout.Nchw) Planar(row, tensor);
            else Interleaved(row, tensor);
        }

        return _fit;
    }

    void Planar(int row, Span<float> tensor)
    {
        int at = ((_fit.Top + row) * _input.Width) + _fit.Left;
        for (int plane = 0; plane < 3; plane++)
        {
            _terms[plane].Apply(_y, _u, _v, tensor.Slice(at, _fit.Width));
            at += _input.Width * _input.Height;
        }
    }

    void Interleaved(int row, Span<float> tensor)
    {
        for (int plane = 0; plane < 3; plane++) _terms[plane].Apply(_y, _u, _v, _planes[plane]);
        float[] first = _planes[0], second = _planes[1], third = _planes[2];
        var into = tensor.Slice(3 * (((_fit.Top + row) * _input.Width) + _fit.Left), 3 * _fit.Width);
        for (int x = 0, at = 0; x < first.Length; x++, at += 3)
        {
            into[at] = first[x];
            into[at + 1] = second[x];
            into[at + 2] = third[x];
        }
    }

    void Prepare(FrameFormat format, Span<float> tensor)
    {
        _format = format;
        _fit = Fit.Of(_input, format.Width, format.Height);
        _luma = new PlaneRows(format.Width, format.Height, format.Width, format.Height, 1, _fit);
        _blue = new PlaneRows(format.ChromaWidth, format.ChromaHeight, format.Width, format.Height, 2, _fit);
        _red = new PlaneRows(format.ChromaWidth, format.ChromaHeight, format.Width, format.Height, 2, _fit);
        _y = new float[_fit.Width];
        _u = new float[_fit.Width];
        _v = new float[_fit.Width];
        _planes = _input.Layout == TensorLayout.Nchw
            ? []
            : [new float[_fit.Width], new float[_fit.Width], new float[_fit.Width]];
        for (int plane = 0; plane < 3; plane++)
        {
            int colour = _input.Colour == ColourOrder.Rgb ? plane : 2 - plane;
            _terms[plane] = ColourTerms.Of(format.Range, format.Matrix, colour, _input.Scale, _input.Mean[plane],
                _input.Deviation[plane]);
            Pad(plane, tensor);
        }
    }

    void Pad(int plane, Span<float> tensor)
    {
        float value = ((_input.Pad * _input.Scale) - _input.Mean[plane]) / _input.Deviation[plane];
        int pixels = _input.Width * _input.Height;
        if (_input.Layout == TensorLayout.Nchw) tensor.Slice(plane * pixels, pixels).Fill(value);
        else for (int i = plane; i < tensor.Length; i += 3) tensor[i] = value;
    }
}
