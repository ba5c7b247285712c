using System.Collections.Concurrent;
using EdgeAppliance.Onnx.Training;

namespace EdgeAppliance.Retrain.Training;

/// <summary>What a step learns from, laid out as the step's inputs are.</summary>
sealed class DetectionBatch(DetectionGrid grid, int count, int classes)
{
    public float[] Images { get; } = new float[count * DetectionGrid.Planes * grid.Pixels];

    public float[] Boxes { get; } = new float[count * grid.Cells * 4];

    public float[] Kinds { get; } = new float[count * grid.Cells * classes];

    public float[] Owned { get; } = new float[count * grid.Cells];

    public float[] Judged { get; } = new float[count * grid.Cells];

    public void CopyTo(Trainer trainer)
    {
        Images.CopyTo(trainer.Floats(TwinNetwork.Images));
        Boxes.CopyTo(trainer.Floats(DetectionLoss.Boxes));
        Kinds.CopyTo(trainer.Floats(DetectionLoss.Kinds));
        Owned.CopyTo(trainer.Floats(DetectionLoss.Owned));
        Judged.CopyTo(trainer.Floats(DetectionLoss.Judged));
    }
}

/// <summary>
/// Batches of augmented views, made on a thread of its own while the step before computes. What is in a batch depends
/// on
/// seed and number alone: who goes on from a checkpoint gets the same.
/// </summary>
sealed class BatchFeed : IDisposable
{
    /// <summary>One being learned from, one ready, one being made.</summary>
    const int Batches = 3;

    readonly IReadOnlyList<LabelledFrame> _frames;
    readonly DetectionGrid _grid;
    readonly int _count;
    readonly int _classes;
    readonly ulong _seed;
    readonly Augmentation _augmentation;
    readonly DetectionTargets _targets;
    readonly BlockingCollection<DetectionBatch> _ready = [];
    readonly BlockingCollection<DetectionBatch> _free = [];
    readonly CancellationTokenSource _end = new();
    readonly Task _maker;
    int[] _order = [];
    long _epoch = -1;

    /// <param name="seed">of this phase</param>
    /// <param name="count">views in a batch</param>
    /// <param name="first">the number of the first batch</param>
    public BatchFeed(
        IReadOnlyList<LabelledFrame> frames, DetectionGrid source, DetectionGrid grid, int count, int classes,
            ulong seed,
        long first)
    {
        _frames = frames;
        _grid = grid;
        _count = count;
        _classes = classes;
        _seed = seed;
        _augmentation = new Augmentation(source, grid);
        _targets = new DetectionTargets(grid);
        for (int i = 0; i < Batches; i++) _free.Add(new DetectionBatch(grid, count, classes));
        _maker = Task.Factory.StartNew(() => Make(first), TaskCreationOptions.LongRunning);
    }

    /// <summary>Hands over the next batch's numbers.</summary>
    public void Fill(Trainer trainer)
    {
        if (!_ready.TryTake(out var batch, Timeout.Infinite)) _maker.GetAwaiter().GetResult();
        batch!.CopyTo(trainer);
        _free.Add(batch);
    }

    void Make(long number)
    {
        try
        {
            for (; ; number++)
            {
                var batch = _free.Take(_end.Token);
                for (int i = 0; i < _count; i++) View(number * _count + i, i, batch);
                _ready.Add(batch);
            }
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
        }
        finally
        {
            _ready.CompleteAdding();
        }
    }

    void View(long number, int place, DetectionBatch batch)
    {
        Span<T> Part<T>(T[] all) => all.AsSpan(all.Length / _count * place, all.Length / _count);
        var random = new SplitMix64(Mixed(number));
        var truth = _augmentation.Apply(_frames[Index(number)], random, Part(batch.Images), TwinNetwork.InputScale);
        _targets.Fill(truth, Part(batch.Boxes), Part(batch.Kinds), Part(batch.Owned), Part(batch.Judged));
    }

    /// <summary>Each epoch shows every frame once, in another order.</summary>
    int Index(long number)
    {
        long epoch = number / _frames.Count;
        if (epoch != _epoch)
        {
            _order = new SplitMix64(Mixed(-1 - epoch)).Shuffled(_frames.Count);
            _epoch = epoch;
        }

        return _order[number % _frames.Count];
    }

    /// <summary>Two turns: seeds that differ by one must not give sequences that differ by one place.</summary>
    ulong Mixed(long number) => new SplitMix64(new SplitMix64(_seed).Next() + (ulong)number).Next();

    public void Dispose()
    {
        _end.Cancel();
        _maker.Wait();
        _end.Dispose();
        _ready.Dispose();
        _free.Dispose();
    }
}
