using System.Runtime.InteropServices;
using EdgeAppliance.Drivers.Timing;
using static EdgeAppliance.Drivers.Camera.V4l2Abi;

namespace EdgeAppliance.Drivers.Camera;

/// <summary>One buffer of the driver's, filled: valid until it is queued again.</summary>
readonly unsafe ref struct V4l2Picture(int index, ReadOnlySpan<byte> bytes, MonoTime at, bool isCorrupt)
{
    public int Index { get; } = index;

    public ReadOnlySpan<byte> Bytes { get; } = bytes;

    public MonoTime At { get; } = at;

    public bool IsCorrupt { get; } = isCorrupt;
}

/// <summary>A capture device of the kernel's, streaming into mapped buffers.</summary>
sealed unsafe class V4l2Device : SafeHandle
{
    const int ReadWriteNonBlocking = 2 | 0x800;
    const int CloseOnExec = 0x80000;
    const int ProtectionReadWrite = 3;
    const int MapShared = 1;
    const short PollIn = 1;
    const short PollPriority = 2;

    // One being filled, one waiting to be read, and one more so that a late reader loses none.
    const int Buffers = 4;
    readonly string _name;
    readonly (nint At, nuint Length)[] _maps = new (nint, nuint)[Buffers];

    public V4l2Device(string path, string name) : base(-1, ownsHandle: true)
    {
        _name = name;
        int descriptor = open(path, ReadWriteNonBlocking | CloseOnExec);
        if (descriptor < 0) throw Fault("open", Marshal.GetLastPInvokeError());
        SetHandle(descriptor);
    }

    public override bool IsInvalid => handle < 0;

    public int Width { get; private set; }

    public int Height { get; private set; }

    public int BytesPerLine { get; private set; }

    public bool IsBt709 { get; private set; }

    public bool IsFullRange { get; private set; }

    public double? FrameRate { get; private set; }

    /// <summary>Refuses what cannot capture pictures by streaming.</summary>
    public void RequireCapture()
    {
        byte* capability = stackalloc byte[CapabilitySize];
        if (ioctl(this, QueryCap, capability) < 0)
            throw Fault("VIDIOC_QUERYCAP", Marshal.GetLastPInvokeError());
        uint caps = *(uint*)(capability + CapabilityDeviceCaps);
        if ((caps & CapVideoCapture) != 0 && (caps & CapStreaming) != 0) return;
        string card = Marshal.PtrToStringUTF8((nint)capability + CapabilityCard) ?? "";
        throw new DeviceException(_name, "VIDIOC_QUERYCAP",
            $"{card} does not stream pictures (capabilities {caps:x8}): another /dev/videoN of the camera does")
        {
            IsFinal = true,
        };
    }

    /// <summary>The pixel formats it offers, four letters each.</summary>
    public List<string> Formats()
    {
        var formats = new List<string>();
        byte* description = stackalloc byte[FormatDescriptionSize];
        for (int index = 0; ; index++)
        {
            new Span<byte>(description, FormatDescriptionSize).Clear();
            *(int*)description = index;
            *(int*)(description + FormatDescriptionType) = TypeCapture;
            if (ioctl(this, EnumFormat, description) < 0) return formats;
            formats.Add(Letters(*(uint*)(description + FormatDescriptionPixelFormat)));
        }
    }

    /// <summary>Sets format, size and rate; the driver answers with the nearest it has.</summary>
    public void Configure(string format, int width, int height, double frameRate)
    {
        byte* wanted = stackalloc byte[FormatSize];
        new Span<byte>(wanted, FormatSize).Clear();
        *(int*)wanted = TypeCapture;
        byte* pix = wanted + FormatPix;
        *(int*)(pix + PixWidth) = width;
        *(int*)(pix + PixHeight) = height;
        *(uint*)(pix + PixPixelFormat) = FourCc(format);
        Do("VIDIOC_S_FMT", SetFormat, wanted);
        string given = Letters(*(uint*)(pix + PixPixelFormat));
        if (given != format)
            throw new DeviceException(_name, "VIDIOC_S_FMT", $"asked for {format}, which it lists, it set {given}");
        Width = *(int*)(pix + PixWidth);
        Height = *(int*)(pix + PixHeight);
        BytesPerLine = *(int*)(pix + PixBytesPerLine);
        IsBt709 = *(int*)(pix + PixColorspace) == ColorspaceRec709;
        IsFullRange = *(int*)(pix + PixQuantization) == QuantizationFull;

        byte* parm = stackalloc byte[StreamParmSize];
        new Span<byte>(parm, StreamParmSize).Clear();
        *(int*)parm = TypeCapture;
        const int Millis = 1000;
        uint* interval = (uint*)(parm + StreamParmTimePerFrame);
        interval[0] = Millis;
        interval[1] = (uint)Math.Round(frameRate * Millis);
        // Not every driver can be told its rate; then it has its own.
        bool isSet = ioctl(this, SetParm, parm) >= 0 && interval[0] > 0 && interval[1] > 0;
        FrameRate = isSet ? (double)interval[1] / interval[0] : null;
    }

    /// <summary>Maps the buffers, hands them to the driver, starts.</summary>
    public void Start()
    {
        byte* request = stackalloc byte[RequestBuffersSize];
        new Span<byte>(request, RequestBuffersSize).Clear();
        *(int*)request = Buffers;
        *(int*)(request + RequestBuffersType) = TypeCapture;
        *(int*)(request + RequestBuffersMemory) = MemoryMmap;
        Do("VIDIOC_REQBUFS", RequestBuffers, request);
        int granted = Math.Min(*(int*)request, Buffers);
        byte* buffer = stackalloc byte[BufferSize];
        for (int i = 0; i < granted; i++)
        {
            Clear(buffer, i);
            Do("VIDIOC_QUERYBUF", QueryBuffer, buffer);
            nuint length = *(uint*)(buffer + BufferLength);
            nint at = mmap(0, length, ProtectionReadWrite, MapShared, this, (nint)(*(uint*)(buffer + BufferOffset)));
            if (at == -1) throw Fault("mmap", Marshal.GetLastPInvokeError());
            _maps[i] = (at, length);
            Return(i);
        }

        int type = TypeCapture;
        Do("VIDIOC_STREAMON", StreamOn, &type);
    }

    /// <summary>Waits up to 100 ms for a picture. False: none yet.</summary>
    public bool TryTake(out V4l2Picture picture)
    {
        const int WaitMs = 100;
        picture = default;
        var entry = new PollEntry { Descriptor = (int)handle, Events = PollIn };
        int ready = poll(&entry, 1, WaitMs);
        if (ready == 0) return false;
        if ((entry.Returned & ~(PollIn | PollPriority)) != 0)
            throw new DeviceException(_name, "poll", $"the device is gone or stopped (events {entry.Returned:x})");

        byte* buffer = stackalloc byte[BufferSize];
        Clear(buffer, 0);
        if (ioctl(this, Dequeue, buffer) < 0)
        {
            const int TryAgain = 11;
            int error = Marshal.GetLastPInvokeError();
            return error == TryAgain ? false : throw Fault("VIDIOC_DQBUF", error);
        }

        int index = *(int*)buffer;
        int used = (int)Math.Min(*(uint*)(buffer + BufferBytesUsed), (uint)_maps[index].Length);
        uint flags = *(uint*)(buffer + BufferFlags);
        long* stamp = (long*)(buffer + BufferTimestamp);
        var at = (flags & FlagTimestampMonotonic) != 0
            ? new MonoTime((stamp[0] * 1_000_000_000) + (stamp[1] * 1000))
            : MonoTime.Now;
        picture = new V4l2Picture(
            index, new ReadOnlySpan<byte>((void*)_maps[index].At, used), at, (flags & FlagError) != 0);
        return true;
    }

    /// <summary>Gives a buffer back to be filled again.</summary>
    public void Return(int index)
    {
        byte* buffer = stackalloc byte[BufferSize];
        Clear(buffer, index);
        Do("VIDIOC_QBUF", Queue, buffer);
    }

    protected override bool ReleaseHandle()
    {
        foreach (var (at, length) in _maps)
        {
            if (at != 0) _ = munmap(at, length);
        }

        return close((int)handle) == 0; // closing ends the stream
    }

    static void Clear(byte* buffer, int index)
    {
        new Span<byte>(buffer, BufferSize).Clear();
        *(int*)buffer = index;
        *(int*)(buffer + BufferType) = TypeCapture;
        *(int*)(buffer + BufferMemory) = MemoryMmap;
    }

    void Do(string call, nuint request, void* argument)
    {
        if (ioctl(this, request, argument) < 0) throw Fault(call, Marshal.GetLastPInvokeError());
    }

    DeviceException Fault(string call, int error)
    {
        const int NoSuchFile = 2, NotAllowed = 13, Busy = 16, NotATerminal = 25;
        string remedy = error switch
        {
            NoSuchFile => ": no such device: is the camera plugged in? ls /dev/video* lists what there is",
            NotAllowed => ": the appliance's user must be in the group video",
            Busy => ": another program uses it",
            NotATerminal => ": this is no video device",
            _ => "",
        };
        return new DeviceException(_name, call, $"{Marshal.GetPInvokeErrorMessage(error)} ({error}){remedy}");
    }
}
