using EdgeAppliance.Drivers.Memory;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>
/// How much two frames differ, each 0 to 1 (Reducto, Li et al. 2020; as OneAdapt's authors compute them).
/// </summary>
/// <param name="Pixel">part of all pixels that changed by more than <see cref="FrameDifference.GreyStep"/></param>
/// <param name="Area">the largest patch of them, smoothed and grown by a pixel, as a part of the picture</param>
/// <param name="Edge">part of all pixels that are an edge in one frame only</param>
readonly record struct Difference(double Pixel, double Area, double Edge)
{
    public double this[int feature] => feature switch { 0 => Pixel, 1 => Area, _ => Edge };
}

/// <summary>
/// Compares frames by their luma, brought to at most 320 pixels width: what a detector would find differs by more than
/// single pixels, and a camera's noise does not.
/// </summary>
sealed class FrameDifference
{
    /// <summary>Grey levels by which a pixel must change (21 of 255 in the authors' code).</summary>
    public const int GreyStep = 21;

    /// <summary>Sobel magnitude of an edge: the lower of the authors' two Canny thresholds.</summary>
    const int EdgeMin = 101;

    const int WidthMax = 320;

    int _width, _height;
    byte[] _now = [], _before = [];
    bool[] _edgesNow = [], _edgesBefore = [], _changed = [];
    int[] _stack = [];

    /// <summary>Takes a frame that later ones are compared with.</summary>
    public void Keep(in Frame frame)
    {
        Read(frame);
        Edges();
        KeepRead();
    }

    /// <summary>Later frames are compared with the one read last; its edges count only after <see cref="Keep"/>.
    /// </summary>
    public void KeepRead()
    {
        (_before, _now) = (_now, _before);
        (_edgesBefore, _edgesNow) = (_edgesNow, _edgesBefore);
    }

    /// <summary>How a frame differs from the one kept last; all 1 where none was, or it had another size.</summary>
    public Difference From(in Frame frame)
    {
        (int width, int height) = (_width, _height);
        Read(frame);
        Edges();
        if (width != _width || height != _height) return new Difference(1, 1, 1);
        int pixels = 0, edges = 0;
        for (int i = 0; i < _now.Length; i++)
        {
            _changed[i] = Math.Abs(_now[i] - _before[i]) > GreyStep;
            if (_changed[i]) pixels++;
            if (_edgesNow[i] != _edgesBefore[i]) edges++;
        }

        double all = _now.Length;
        return new Difference(pixels / all, Largest() / all, edges / all);
    }

    /// <summary>
    /// <see cref="Difference.Pixel"/> alone, for a fraction of the work; 1 where no frame was kept, or it had another
    /// size.
    /// </summary>
    public double ChangedFrom(in Frame frame)
    {
        (int width, int height) = (_width, _height);
        Read(frame);
        if (width != _width || height != _height) return 1;
        int pixels = 0;
        for (int i = 0; i < _now.Length; i++) if (Math.Abs(_now[i] - _before[i]) > GreyStep) pixels++;
        return (double)pixels / _now.Length;
    }

    /// <summary>Means of square blocks: a smoothing that no noise of single pixels survives.</summary>
    void Read(in Frame frame)
    {
        int block = Math.Max(1, (frame.Format.Width + WidthMax - 1) / WidthMax);
        int width = frame.Format.Width / block, height = frame.Format.Height / block;
        if (width != _width || height != _height) Allocate(width, height);
        var luma = frame.Luma;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int sum = 0;
                for (int v = 0; v < block; v++)
                {
                    var row = luma.Slice((y * block + v) * frame.Format.Width + x * block, block);
                    foreach (byte each in row) sum += each;
                }

                _now[y * width + x] = (byte)(sum / (block * block));
            }
        }
    }

    void Allocate(int width, int height)
    {
        (_width, _height) = (width, height);
        int count = width * height;
        (_now, _before) = (new byte[count], new byte[count]);
        (_edgesNow, _edgesBefore, _changed) = (new bool[count], new bool[count], new bool[count]);
        _stack = new int[count];
    }

    void Edges()
    {
        for (int y = 1; y < _height - 1; y++)
        {
            for (int x = 1; x < _width - 1; x++)
            {
                int at = y * _width + x, up = at - _width, down = at + _width;
                int across = _now[up + 1] + 2 * _now[at + 1] + _now[down + 1]
                    - _now[up - 1] - 2 * _now[at - 1] - _now[down - 1];
                int along = _now[down - 1] + 2 * _now[down] + _now[down + 1]
                    - _now[up - 1] - 2 * _now[up] - _now[up + 1];
                _edgesNow[at] = Math.Abs(across) + Math.Abs(along) > EdgeMin;
            }
        }
    }

    /// <summary>Pixels of the largest patch whose members touch, corners included. Clears what it counts.</summary>
    int Largest()
    {
        int most = 0;
        for (int start = 0; start < _changed.Length; start++)
            if (_changed[start]) most = Math.Max(most, Patch(start));
        return most;
    }

    int Patch(int start)
    {
        int size = 0, open = 0;
        Open(start);
        while (open > 0)
        {
            int at = _stack[--open], x = at % _width, y = at / _width;
            size++;
            for (int v = Math.Max(0, y - 1); v <= Math.Min(_height - 1, y + 1); v++)
                for (int u = Math.Max(0, x - 1); u <= Math.Min(_width - 1, x + 1); u++)
                    if (_changed[v * _width + u]) Open(v * _width + u);
        }

        return size;

        void Open(int at)
        {
            _changed[at] = false;
            _stack[open++] = at;
        }
    }
}
