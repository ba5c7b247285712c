using System.Runtime.InteropServices;
using EdgeAppliance.Drivers.Timing;
using static EdgeAppliance.Drivers.Radio.Uwb.SerialAbi;

namespace EdgeAppliance.Drivers.Radio.Uwb;

/// <summary>
/// A serial port of the kernel's, eight bits, no parity, no flow control, bytes as they are. Nobody else may open it
/// meanwhile.
/// </summary>
sealed unsafe class SerialPort : IRawSource
{
    // A request has a dozen bytes: a port that does not take them in a second is stuck.
    static readonly TimeSpan WriteMax = TimeSpan.FromSeconds(1);

    readonly Descriptor _port;

    /// <param name="path"><c>/dev/ttyACM0</c>, or a lasting name in <c>/dev/serial/by-id</c></param>
    /// <param name="baud">bits a second; a USB device that is no real serial port ignores it</param>
    /// <exception cref="DeviceException">it is not there, not allowed, in use, or no serial port</exception>
    public SerialPort(string path, int baud)
    {
        Name = path;
        _port = new Descriptor(
            open(path, ReadWrite | NoControllingTerminal | NonBlocking | CloseOnExec));
        if (_port.IsInvalid) throw Fault("open", Marshal.GetLastPInvokeError());
        try
        {
            Configure(baud);
        }
        catch (DeviceException)
        {
            _port.Dispose();
            throw;
        }
    }

    public string Name { get; }

    public int Read(Span<byte> into, TimeSpan wait, out MonoTime at)
    {
        bool isReady = IsReady(PollIn, wait);
        at = MonoTime.Now;
        if (!isReady) return 0;
        fixed (byte* start = into)
        {
            nint count = read(_port, start, (nuint)into.Length);
            if (count > 0) return (int)count;
            if (count == 0) throw new DeviceException(Name, "read", "hung up: unplugged, or its driver let it go");
        }

        int error = Marshal.GetLastPInvokeError();
        return error is TryAgain or Interrupted ? 0 : throw Fault("read", error);
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        var until = MonoTime.Now + WriteMax;
        fixed (byte* start = bytes)
        {
            for (int sent = 0; sent < bytes.Length;)
            {
                nint count = write(_port, start + sent, (nuint)(bytes.Length - sent));
                if (count >= 0)
                {
                    sent += (int)count;
                    continue;
                }

                int error = Marshal.GetLastPInvokeError();
                if (error is not (TryAgain or Interrupted)) throw Fault("write", error);
                var left = until - MonoTime.Now;
                if (left <= TimeSpan.Zero || (!IsReady(PollOut, left) && MonoTime.Now >= until))
                    throw new DeviceException(Name, "write", $"took {sent} of {bytes.Length} bytes in a second");
            }
        }
    }

    public void Dispose() => _port.Dispose();

    void Configure(int baud)
    {
        Termios2 settings;
        if (ioctl(_port, GetTermios2, (nint)(&settings)) < 0) throw Fault("TCGETS2", Marshal.GetLastPInvokeError());
        settings.Input = 0;
        settings.Output = 0;
        settings.Local = 0;
        settings.Control = EightBits | ReceiverOn | NoModemLines | OtherBaud | (OtherBaud << InputBaudShift);
        settings.InputSpeed = (uint)baud;
        settings.OutputSpeed = (uint)baud;
        // One byte at least: then nothing to read is "try again", and 0 bytes are a hang-up and nothing else.
        settings.Characters[ControlLeast] = 1;
        settings.Characters[ControlTime] = 0;
        if (ioctl(_port, SetTermios2, (nint)(&settings)) < 0) throw Fault("TCSETS2", Marshal.GetLastPInvokeError());
        // A second reader would take half the bytes (ModemManager likes to). Not every kind of terminal knows the word.
        _ = ioctl(_port, Exclusive, 0);
        _ = ioctl(_port, Flush, FlushBoth);
    }

    bool IsReady(short what, TimeSpan wait)
    {
        bool isHeld = false;
        try
        {
            _port.DangerousAddRef(ref isHeld);
            var entry = new PollEntry { Descriptor = (int)_port.DangerousGetHandle(), Events = what };
            int ready = poll(&entry, 1, (int)Math.Clamp(Math.Ceiling(wait.TotalMilliseconds), 0, int.MaxValue));
            if (ready < 0 && Marshal.GetLastPInvokeError() is not Interrupted and var error) throw Fault("poll", error);
            // Hung up or in error: the read or write says which.
            return ready > 0;
        }
        finally
        {
            if (isHeld) _port.DangerousRelease();
        }
    }

    DeviceException Fault(string call, int error)
    {
        string remedy = error switch
        {
            NoSuchFile => ": no such device: is it plugged in? ls /dev/ttyACM* /dev/ttyUSB* /dev/serial/by-id/* lists "
                + "what there is",
            NotAllowed => ": add the appliance's user to the group dialout (sudo usermod -aG dialout USER) and start "
                + "it again",
            Busy => ": another program uses it: a terminal, or ModemManager (sudo systemctl disable ModemManager)",
            InputOutput or NoSuchAddress or NoSuchDevice => ": unplugged",
            Invalid when call == "TCSETS2" => ": the port does not know this baud rate",
            NotATerminal => ": this is no serial port",
            _ => "",
        };
        return new DeviceException(Name, call, $"{Marshal.GetPInvokeErrorMessage(error)} ({error}){remedy}");
    }

    sealed class Descriptor : SafeHandle
    {
        public Descriptor(int descriptor) : base(-1, ownsHandle: true) => SetHandle(descriptor);

        public override bool IsInvalid => handle < 0;

        protected override bool ReleaseHandle() => close((int)handle) == 0;
    }
}
