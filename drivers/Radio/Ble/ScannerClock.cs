using EdgeAppliance.Drivers.Timing;

namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>
/// A remote scanner's clock laid onto ours. A message arrives after it was sent, so of all differences arrival - t the
/// smallest of late is the nearest to the truth: off by the shortest way through the network, a few milliseconds, while
/// arrivals alone are off by whatever queued. Until the smallest difference has held, and whenever a stamp does not fit
/// it, the arrival counts. The zero of the scanner's seconds does not matter.
/// </summary>
sealed class ScannerClock
{
    // Two half windows: a crystal's 40 ppm are 2.4 ms over both.
    const double HalfWindowS = 30;

    // A smallest of fewer is chance; of ten, one is nearly always a message that met no queue.
    const int MessagesMin = 10;

    // A message later than this is not late, its stamp is wrong (or the clock was set).
    const double LateMaxS = 10;

    // So many wrong stamps in a row are a clock that was set or began anew.
    const int WrongInARowMax = 5;

    double _smallestS = double.PositiveInfinity;
    double _smallestBeforeS = double.PositiveInfinity;
    double _halfSinceS = double.NegativeInfinity;
    int _messages;
    int _wrongInARow;

    /// <summary>When the reading was taken, on our clock: never after it arrived.</summary>
    /// <param name="t">the scanner's seconds; null when it states none</param>
    /// <param name="isStamped">true when the scanner's stamp was used</param>
    public MonoTime At(double? t, MonoTime arrived, out bool isStamped)
    {
        isStamped = false;
        if (t is not { } sentS) return arrived;
        double differenceS = arrived.Seconds - sentS;
        double smallestS = Math.Min(_smallestS, _smallestBeforeS);
        bool isWrong = double.IsFinite(smallestS) && Math.Abs(differenceS - smallestS) > LateMaxS;
        if (isWrong && ++_wrongInARow < WrongInARowMax) return arrived;
        if (isWrong) Forget();
        _wrongInARow = 0;
        Take(differenceS, arrived.Seconds);
        if (_messages < MessagesMin) return arrived;
        isStamped = true;
        double lateS = differenceS - Math.Min(_smallestS, _smallestBeforeS);
        return arrived - TimeSpan.FromSeconds(Math.Max(0, lateS));
    }

    void Take(double differenceS, double arrivedS)
    {
        if (_messages < MessagesMin) _messages++;
        if (arrivedS - _halfSinceS >= HalfWindowS)
        {
            // After a pause longer than both halves nothing of before is of late.
            bool isOld = arrivedS - _halfSinceS >= 2 * HalfWindowS;
            if (isOld && double.IsFinite(_halfSinceS)) _messages = 1;
            _smallestBeforeS = isOld ? double.PositiveInfinity : _smallestS;
            _smallestS = double.PositiveInfinity;
            _halfSinceS = arrivedS;
        }

        _smallestS = Math.Min(_smallestS, differenceS);
    }

    void Forget()
    {
        _smallestS = _smallestBeforeS = double.PositiveInfinity;
        _halfSinceS = double.NegativeInfinity;
        _messages = 0;
    }
}
