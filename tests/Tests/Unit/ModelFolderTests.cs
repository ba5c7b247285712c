using System.Text.Json.Nodes;
using EdgeAppliance.Runtime.Inference;

namespace EdgeAppliance.Tests.Unit;

/// <summary>Models and cards that do not fit each other are refused, by the field's name.</summary>
public sealed class ModelFolderTests : IDisposable
{
    static readonly byte[] Onnx = [1, 2, 3];
    readonly string _folder = Directory.CreateTempSubdirectory("models-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public void A_folder_with_a_model_and_its_card_loads()
    {
        Write(Good());
        var model = ModelFolder.Load(_folder);
        Assert.Equal("made-up", model.Card.Name);
        Assert.Equal(Onnx, model.Onnx);
        Assert.Equal(ModelFolder.HashOf(Onnx)[..12], model.ShortHash);
        Assert.Equal(ResizeRule.LetterboxTopLeft, model.Card.Input.Resize);
        Assert.Equal(["person", "car"], model.Card.Classes.ToArray());
    }

    [Fact]
    public void A_card_beside_the_file_counts_and_a_shipped_one_is_found_by_hash()
    {
        string file = Path.Combine(_folder, "x.onnx");
        File.WriteAllBytes(file, Onnx);
        var fault = Assert.Throws<FileNotFoundException>(() => ModelFolder.Load(file, _folder));
        Assert.Contains(ModelFolder.HashOf(Onnx), fault.Message, StringComparison.Ordinal);
        Assert.Contains("docs/models.md", fault.Message, StringComparison.Ordinal);

        Directory.CreateDirectory(Path.Combine(_folder, "cards"));
        File.WriteAllText(Path.Combine(_folder, "cards", "any.json"), Good().ToJsonString());
        Assert.Equal("made-up", ModelFolder.Load(file, _folder).Card.Name);

        var beside = Good();
        beside["name"] = "beside";
        File.WriteAllText(Path.Combine(_folder, "x.json"), beside.ToJsonString());
        Assert.Equal("beside", ModelFolder.Load(file, _folder).Card.Name);
    }

    [Fact]
    public void Another_file_than_the_cards_is_refused_with_both_hashes()
    {
        Write(Good());
        File.WriteAllBytes(Path.Combine(_folder, "model.onnx"), [9]);
        var fault = Assert.Throws<InvalidDataException>(() => ModelFolder.Load(_folder));
        Assert.Contains("sha256 is " + ModelFolder.HashOf(Onnx), fault.Message, StringComparison.Ordinal);
        Assert.Contains(ModelFolder.HashOf([9]), fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_there_is_named()
    {
        Assert.Contains("model.json", Assert.Throws<FileNotFoundException>(
            () => ModelFolder.Load(_folder)).Message, StringComparison.Ordinal);
        Assert.Contains("nowhere", Assert.Throws<FileNotFoundException>(
            () => ModelFolder.Load(Path.Combine(_folder, "nowhere.onnx"))).Message, StringComparison.Ordinal);
        Write(Good());
        File.WriteAllBytes(Path.Combine(_folder, "model.onnx"), []);
        Assert.Contains("empty", Assert.Throws<InvalidDataException>(
            () => ModelFolder.Load(_folder)).Message, StringComparison.Ordinal);
    }

    public static TheoryData<string> Required() =>
    [
        "name", "sha256", "task", "input.name", "input.layout", "input.width", "input.height", "input.colour",
        "input.scale", "input.mean", "input.deviation", "input.resize", "input.pad", "output.head", "classes",
        "thresholds.score", "thresholds.nmsIou", "provenance.source", "provenance.licence", "provenance.training",
    ];

    [Theory]
    [MemberData(nameof(Required))]
    public void A_field_that_is_missing_is_named(string path)
    {
        var card = Good();
        var (parent, name) = Parent(card, path);
        parent.Remove(name);
        Assert.Contains($"{path} is missing", Refusal(card), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sha256", "\"ABC\"", "is not 64 hexadecimal digits")]
    [InlineData("task", "\"segment\"", "is \"segment\": one of detect")]
    [InlineData("input.layout", "\"NCWH\"", "one of NCHW, NHWC")]
    [InlineData("input.width", "0", "is 0: a whole number from 1 to 8192")]
    [InlineData("input.height", "41.5", "is 41.5: a whole number")]
    [InlineData("input.scale", "0", "is 0: a number from")]
    [InlineData("input.scale", "1e400", "a number from")]
    [InlineData("input.mean", "[1, 2]", "is a list of 2: 3 numbers")]
    [InlineData("input.deviation", "[1, 0, 1]", "none of them 0")]
    [InlineData("input.resize", "\"crop\"", "one of letterbox-top-left, letterbox-centred, stretch")]
    [InlineData("input.pad", "300", "from 0 to 255")]
    [InlineData("input", "7", "is 7: an object is wanted")]
    [InlineData("output.head", "\"yolo99\"", "is yolo99: one of decoded, fastestdet, ultralytics-v8, yolox")]
    [InlineData("output.strides", "[8, 0]", "whole numbers above 0")]
    [InlineData("output.names", "[\"a\", \"a\"]", "a list of different texts")]
    [InlineData("classes", "[]", "a list of different texts")]
    [InlineData("thresholds.score", "1.5", "from 0 to 1")]
    [InlineData("thresholds.nmsIou", "\"0.5\"", "from 0 to 1")]
    [InlineData("input.widht", "416", "is not a field of a model card")]
    [InlineData("color", "\"RGB\"", "is not a field of a model card")]
    public void A_field_that_is_wrong_is_named_with_what_is_wanted(string path, string json, string told)
    {
        var card = Good();
        var (parent, name) = Parent(card, path);
        parent[name] = JsonNode.Parse(json);
        string refusal = Refusal(card);
        Assert.Contains(path + " ", refusal, StringComparison.Ordinal);
        Assert.Contains(told, refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void All_faults_are_told_at_once()
    {
        var card = Good();
        card.Remove("name");
        card["input"]!.AsObject().Remove("scale");
        card["classes"] = new JsonArray();
        string refusal = Refusal(card);
        foreach (string path in new[] { "name", "input.scale", "classes" })
            Assert.Contains(path, refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_json_is_refused_by_its_file()
    {
        Write(Good());
        File.WriteAllText(Path.Combine(_folder, "model.json"), "{ nothing");
        var fault = Assert.Throws<InvalidDataException>(() => ModelFolder.Load(_folder));
        Assert.Contains("model.json: not JSON", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_shipped_card_reads()
    {
        string[] cards = Directory.GetFiles(Path.Combine(ModelFolder.Shipped, "cards"), "*.json");
        Assert.True(cards.Length >= 5);
        Assert.All(cards, path => CardReading.Read(File.ReadAllBytes(path), path));
    }

    string Refusal(JsonObject card)
    {
        Write(card);
        return Assert.Throws<InvalidDataException>(() => ModelFolder.Load(_folder)).Message;
    }

    void Write(JsonObject card)
    {
        File.WriteAllBytes(Path.Combine(_folder, "model.onnx"), Onnx);
        File.WriteAllText(Path.Combine(_folder, "model.json"), card.ToJsonString());
    }

    static (JsonObject Parent, string Name) Parent(JsonObject card, string path)
    {
        string[] parts = path.Split('.');
        return parts.Length == 1 ? (card, parts[0]) : (card[parts[0]]!.AsObject(), parts[1]);
    }

    static JsonObject Good() => JsonNode.Parse($$"""
        {
          "name": "made-up", "sha256": "{{ModelFolder.HashOf(Onnx)}}", "task": "detect",
          "input": {
            "name": "images", "layout": "NCHW", "width": 416, "height": 416, "colour": "BGR", "scale": 1,
            "mean": [0, 0, 0], "deviation": [1, 1, 1], "resize": "letterbox-top-left", "pad": 114
          },
          "output": { "head": "yolox", "names": ["output"], "strides": [8, 16, 32] },
          "classes": ["person", "car"],
          "thresholds": { "score": 0.3, "nmsIou": 0.5 },
          "provenance": { "source": "a test", "licence": "MIT", "training": "none" }
        }
        """)!.AsObject();
}
