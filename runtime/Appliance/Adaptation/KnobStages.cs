using EdgeAppliance.Drivers.Memory;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Runtime.Adaptation;

/// <summary>What the chain's stages ask the knobs, each on its own thread.</summary>
sealed class KnobStages : IDisposable
{
    readonly ChainKnobs _knobs;
    readonly KnobbedDetector _detector;
    readonly KnobSeconds _seconds;

    /// <param name="cameraRate">frames a second; null while unknown</param>
    public KnobStages(KnobPlan plan, KnobSetting first, Detectors detectors, Func<double?> cameraRate)
    {
        _knobs = plan.Knobs;
        Board = new KnobBoard(first);
        _detector = new KnobbedDetector(
            detectors.DetectAt, Board, _knobs, new ReferenceFrames(plan.ReferenceShare, seed: 1), cameraRate);
        _seconds = new KnobSeconds(_detector.IsDue, _detector.IsSpared, plan.Classes.ToHashSet(), plan.ScoreMin,
            Math.Max(plan.Model.Card.Input.Width, plan.Model.Card.Input.Height));
    }

    public KnobBoard Board { get; }

    /// <summary>F1 under the knobs against full quality. Any thread.</summary>
    public EstimatedF1? F1 => _seconds.F1;

    /// <summary>Whether a frame of the camera is looked at; it stays the caller's. The camera's thread.</summary>
    /// <param name="isDue">whether it is its turn, references apart</param>
    public bool IsWanted(in Frame frame, out bool isDue) => _detector.IsWanted(frame, out isDue);

    /// <summary>Looks at a frame as the knobs say; the inference thread's step.</summary>
    public Detected Detect(Frame frame) => _detector.Detect(frame);

    /// <summary>JPEG quality of a sample; one of a frame in full quality has it too.</summary>
    public int QualityOf(bool isFull) => isFull ? _knobs.QualityAt(0) : _knobs.QualityOf(Board.Now.Rungs.AsSpan());

    /// <summary>How the video's next segment is coded. Any thread.</summary>
    public VideoCoding Coding
    {
        get
        {
            var now = Board.Now;
            return _knobs.CodingOf(now.Rungs.AsSpan(), now.Version);
        }
    }

    /// <summary>Notes a frame on the scene's thread; it stays the caller's.</summary>
    /// <returns>the second that it ended; null within one</returns>
    public KnobMoment? Note(in Detected seen) => _seconds.Note(seen);

    /// <summary>Gives back the frames that are held; on the scene's thread, or after it.</summary>
    public void Dispose() => _seconds.Dispose();
}
