using System.Text.Json;

namespace EdgeAppliance.Runtime.Inference;

/// <summary>Reads a model's card, strictly: every fault is told at once, by the field's path.</summary>
static class CardReading
{
    static readonly JsonDocumentOptions Options = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    /// <param name="from">the card's file, for messages</param>
    /// <exception cref="InvalidDataException">not a card, with all its faults</exception>
    public static ModelCard Read(ReadOnlyMemory<byte> json, string from)
    {
        var faults = new List<string>();
        ModelCard card;
        try
        {
            using var document = JsonDocument.Parse(json, Options);
            card = Card(new CardFields(document.RootElement, "", faults), faults);
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"{from}: not JSON: {fault.Message}", fault);
        }

        if (faults.Count > 0) throw new InvalidDataException($"{from}: {string.Join("; ", faults)}");
        return card;
    }

    static ModelCard Card(CardFields fields, List<string> faults)
    {
        string name = fields.Text("name");
        string sha256 = fields.Text("sha256");
        if (sha256.Length > 0 && (sha256.Length != 64 || !sha256.All(c => char.IsAsciiHexDigitLower(c))))
            fields.Fault("sha256", "is not 64 hexadecimal digits in lower case: use what sha256sum prints");
        string task = fields.Word("task", ModelCard.DetectTask, (ModelCard.DetectTask, ModelCard.DetectTask));
        var input = Input(fields.Object("input"));
        var output = Output(fields.Object("output"));
        var classes = fields.Texts("classes", optional: false);
        var thresholds = Thresholds(fields.Object("thresholds"));
        var provenance = Provenance(fields.Object("provenance"));
        fields.Close();
        return new ModelCard(name, sha256, task, input, output, classes, thresholds, provenance);
    }

    static CardInput Input(CardFields fields)
    {
        var input = new CardInput(
            fields.Text("name"),
            fields.Word("layout", TensorLayout.Nchw, ("NCHW", TensorLayout.Nchw), ("NHWC", TensorLayout.Nhwc)),
            fields.Whole("width", 1, 8192),
            fields.Whole("height", 1, 8192),
            fields.Word("colour", ColourOrder.Rgb, ("RGB", ColourOrder.Rgb), ("BGR", ColourOrder.Bgr)),
            fields.Number("scale", 1e-6f, 1e6f),
            fields.Numbers("mean", 3, zeroAllowed: true),
            fields.Numbers("deviation", 3, zeroAllowed: false),
            fields.Word("resize", ResizeRule.Stretch,
                ("letterbox-top-left", ResizeRule.LetterboxTopLeft),
                ("letterbox-centred", ResizeRule.LetterboxCentred),
                ("stretch", ResizeRule.Stretch)),
            fields.Number("pad", 0, 255));
        fields.Close();
        return input;
    }

    static CardOutput Output(CardFields fields)
    {
        string head = fields.Text("head");
        if (head.Length > 0 && !Heads.Names.Contains(head))
            fields.Fault("head", $"is {head}: one of {string.Join(", ", Heads.Names)}");
        var output = new CardOutput(head, fields.Texts("names", optional: true), fields.OptionalWholes("strides"));
        fields.Close();
        return output;
    }

    static CardThresholds Thresholds(CardFields fields)
    {
        var thresholds = new CardThresholds(fields.Number("score", 0, 1), fields.Number("nmsIou", 0, 1));
        fields.Close();
        return thresholds;
    }

    static CardProvenance Provenance(CardFields fields)
    {
        var provenance = new CardProvenance(fields.Text("source"), fields.Text("licence"), fields.Text("training"));
        fields.Close();
        return provenance;
    }
}
