using EdgeAppliance.Onnx.Sessions;

namespace EdgeAppliance.Tests.Unit;

public sealed class SessionShelfTests
{
    sealed class Opened(string key) : IDisposable
    {
        public string Key => key;

        public bool IsClosed { get; private set; }

        public void Dispose() => IsClosed = true;
    }

    readonly List<Opened> _opened = [];

    Opened Open(string key)
    {
        var made = new Opened(key);
        lock (_opened) _opened.Add(made);
        return made;
    }

    [Fact]
    public async Task A_session_is_opened_once_ahead_and_never_by_who_only_looks()
    {
        using var shelf = new SessionShelf<string, Opened>(Open, 2);
        Assert.False(shelf.TryTake("small", out _));
        Assert.Empty(_opened);
        await Task.WhenAll(shelf.PrepareAsync("small"), shelf.PrepareAsync("small"));
        Assert.Single(_opened);
        Assert.True(shelf.TryTake("small", out var lease));
        Assert.Equal("small", lease.Session.Key);
        Assert.False(shelf.TryTake("small", out _));
        lease.Dispose();
        Assert.True(shelf.TryTake("small", out var again));
        again.Dispose();
    }

    [Fact]
    public async Task The_one_not_used_for_longest_is_closed_when_there_are_too_many()
    {
        using var shelf = new SessionShelf<string, Opened>(Open, 2);
        await shelf.PrepareAsync("a");
        await shelf.PrepareAsync("b");
        (await shelf.TakeAsync("a")).Dispose();
        await shelf.PrepareAsync("c");
        Assert.Equal(["c", "a"], shelf.Ready);
        Assert.Equal(["b"], _opened.Where(o => o.IsClosed).Select(o => o.Key));
    }

    [Fact]
    public async Task A_lent_session_is_closed_only_when_it_is_back()
    {
        var shelf = new SessionShelf<string, Opened>(Open, 1);
        var lease = await shelf.TakeAsync("a");
        await shelf.PrepareAsync("b");
        Assert.False(lease.Session.IsClosed);
        shelf.Dispose();
        Assert.False(lease.Session.IsClosed);
        lease.Dispose();
        Assert.All(_opened, o => Assert.True(o.IsClosed));
        Assert.Throws<ObjectDisposedException>(() => { _ = shelf.PrepareAsync("a"); });
        Assert.Throws<InvalidOperationException>(lease.Dispose);
    }

    [Fact]
    public async Task Who_takes_waits_for_who_has_it()
    {
        using var shelf = new SessionShelf<string, Opened>(Open, 1);
        var first = await shelf.TakeAsync("a");
        var second = shelf.TakeAsync("a");
        Assert.False(second.IsCompleted);
        first.Dispose();
        (await second.WaitAsync(TimeSpan.FromSeconds(30))).Dispose();
        Assert.Single(_opened);
    }

    [Fact]
    public async Task What_could_not_be_opened_is_told_and_tried_again()
    {
        int tries = 0;
        using var shelf = new SessionShelf<string, Opened>(
            key => ++tries == 1 ? throw new InvalidDataException("no room") : Open(key), 1);
        await Assert.ThrowsAsync<InvalidDataException>(() => shelf.PrepareAsync("a"));
        await shelf.PrepareAsync("a");
        Assert.Equal(["a"], shelf.Ready);
    }
}
