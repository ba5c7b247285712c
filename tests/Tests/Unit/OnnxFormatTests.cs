using System.Text;
using EdgeAppliance.Onnx.Model;
using static EdgeAppliance.Tests.MadeModel;

namespace EdgeAppliance.Tests.Unit;

/// <summary>ONNX files read and written: nothing is lost, and what is damaged is told.</summary>
public sealed class OnnxFormatTests
{
    [Fact]
    public void The_shipped_model_comes_back_as_it_was()
    {
        var model = OnnxModel.Load(RealModels.PathOf("twin/model.onnx"));
        byte[] saved = model.ToBytes();
        var again = OnnxModel.Read(saved, "again");
        Assert.Equal(ModelText.Of(model), ModelText.Of(again));
        Assert.Equal(saved, again.ToBytes());
        Assert.Equal(model.Checksum(), again.Checksum());
    }

    [Fact]
    public void Fields_that_are_not_known_are_kept_at_every_level()
    {
        var markers = new List<string>();
        byte[] original = Strange(markers);
        byte[] saved = OnnxModel.Read(original, "strange").ToBytes();
        Assert.Equal(saved, OnnxModel.Read(saved, "again").ToBytes());
        string text = Encoding.Latin1.GetString(saved);
        Assert.Equal(14, markers.Count);
        Assert.All(markers, m => Assert.Contains(m, text, StringComparison.Ordinal));
        Assert.All(markers, m => Assert.Contains(m, Encoding.Latin1.GetString(
            OnnxModel.Read(original, "strange").Copy().ToBytes()), StringComparison.Ordinal));
    }

    [Fact]
    public void Attributes_of_every_kind_come_back()
    {
        var inner = Of(17, "", "t", [Node("Relu", "x", "t")]).Graph;
        var model = Of(17, "x: 2", "y", [Node("Made", "x", "y",
            OnnxAttribute.Of("f", -1.5f), OnnxAttribute.Of("i", -7L), OnnxAttribute.Of("s", "grüße"),
            OnnxAttribute.Of("t", Floats("", 2, 3)), OnnxAttribute.Of("g", inner),
            OnnxAttribute.Of("fs", new[] { 0.5f, float.NaN }),
            OnnxAttribute.Of("is", new[] { 1L, -1, long.MinValue }))]);
        var again = OnnxModel.Read(model.ToBytes(), "again");
        Assert.Equal(ModelText.Of(model), ModelText.Of(again));
        Assert.Equal("grüße", again.Graph.Nodes[0].Text("s", ""));
        Assert.Equal([1, -1, long.MinValue], again.Graph.Nodes[0].Ints("is")!);
    }

    [Fact]
    public void An_attribute_that_does_not_say_its_kind_is_what_it_holds()
    {
        var model = Read(node => node.Message(5, a =>
        {
            a.Text(1, "axes");
            a.Ints(8, [3, 4]);
        }));
        var attribute = OnnxModel.Read(model.ToBytes(), "again").Graph.Nodes[0].Attributes[0];
        Assert.Equal(AttributeKind.Ints, attribute.Kind);
        Assert.Equal([3, 4], attribute.Ints);
    }

    [Theory]
    [InlineData(ElementType.Float, 4, "0000C03F")]
    [InlineData(ElementType.Int32, 5, "FEFFFFFF")]
    [InlineData(ElementType.Int8, 5, "FE")]
    [InlineData(ElementType.UInt16, 5, "FEFF")]
    [InlineData(ElementType.Float16, 5, "FEFF")]
    [InlineData(ElementType.Int64, 7, "FEFFFFFFFFFFFFFF")]
    [InlineData(ElementType.Double, 10, "000000000000F83F")]
    [InlineData(ElementType.UInt64, 11, "FEFFFFFFFFFFFFFF")]
    public void Numbers_in_typed_fields_are_numbers_in_raw_ones(ElementType type, int field, string raw)
    {
        var model = ReadTensor(tensor =>
        {
            tensor.Ints(1, [1]);
            tensor.Int(2, (long)type);
            tensor.Text(8, "t");
            if (field == 4) tensor.Bytes(4, BitConverter.GetBytes(1.5f));
            else if (field == 10) tensor.Bytes(10, BitConverter.GetBytes(1.5));
            else tensor.Int(field, -2);
        });
        Assert.Equal(raw, Convert.ToHexString(model.Graph.Initializers[0].Data.Span));
    }

    [Fact]
    public void Sizes_without_a_name_stay_without_one()
    {
        var model = OnnxModel.Read(WithInput(-1, "?").ToBytes(), "again");
        var shape = model.Graph.Inputs[0].Shape!;
        Assert.Null(shape[0].Known);
        Assert.Equal("?", shape[1].ToString());
        Assert.Equal(ModelText.Of(model), ModelText.Of(OnnxModel.Read(model.ToBytes(), "once more")));
    }

    [Fact]
    public void Numbers_beside_the_model_are_read_when_it_is_opened_by_its_path()
    {
        using var folder = new ScratchFolder();
        File.WriteAllBytes(folder.File("numbers"),
            [9, 9, 9, 9, .. BitConverter.GetBytes(2f), .. BitConverter.GetBytes(3f)]);
        File.WriteAllBytes(folder.File("model.onnx"), Outside("numbers", "4", "8"));
        var tensor = OnnxModel.Load(folder.File("model.onnx")).Graph.Initializers[0];
        Assert.Equal([2, 3], tensor.Floats());
        File.WriteAllBytes(folder.File("model.onnx"), Outside("numbers", "4", null));
        var model = OnnxModel.Load(folder.File("model.onnx"));
        Assert.Equal([2, 3], OnnxModel.Read(model.ToBytes(), "in one file").Graph.Initializers[0].Floats());
    }

    [Theory]
    [InlineData("none", "0", "8", "Could not find file")]
    [InlineData("../numbers", "0", "8", "outside the model's folder, refused")]
    [InlineData("sub/../../numbers", "0", "8", "outside the model's folder, refused")]
    [InlineData("/etc/hostname", "0", "8", "outside the model's folder, refused")]
    [InlineData("nul\0", "0", "8", "outside the model's folder, refused")]
    [InlineData("numbers", "0", "4", "8 bytes wanted, 4 from 0 stated")]
    [InlineData("numbers", "8", "8", "8 bytes from 8 wanted, it has 12")]
    [InlineData("numbers", "-4", "8", "8 bytes wanted, 8 from -1 stated")]
    [InlineData("numbers", "99999999999999999999", "8", "8 bytes wanted, 8 from -1 stated")]
    [InlineData("numbers", "9223372036854775807", null, "8 bytes from 9223372036854775807 wanted, it has 12")]
    [InlineData(".", "0", "8", "outside the model's folder, refused")]
    public void Numbers_beside_the_model_that_cannot_be_right_are_refused(
        string location, string offset, string? length, string why)
    {
        using var above = new ScratchFolder();
        string folder = Directory.CreateDirectory(above.File("models")).FullName;
        File.WriteAllBytes(above.File("numbers"), new byte[8]);
        File.WriteAllBytes(Path.Combine(folder, "numbers"), new byte[12]);
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), Outside(location, offset, length));
        var fault = Assert.Throws<OnnxFormatException>(() => OnnxModel.Load(Path.Combine(folder, "model.onnx")));
        Assert.Contains($"tensor 't' lies in {location}: ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(why, fault.Message, StringComparison.Ordinal);
        Assert.Contains("open the model by its file's path", Assert.Throws<OnnxFormatException>(
            () => OnnxModel.Read(Outside("numbers", "0", "8"), "memory")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_wrong_with_a_damaged_file_is_told()
    {
        Refused("it holds no graph", []);
        Refused("it ends in the middle of a number", [0x08]);
        Refused("field 7 says it has 100 bytes, 1 are left", [0x3A, 100, 0]);
        Refused("field 7 is written as Varint, not Bytes", [0x38, 1]);
        Refused("field number 0", [0x00, 1]);
        Refused("has wire type 3", [0x0B]);
        Refused("a number has more than ten bytes", [0x08, .. Enumerable.Repeat((byte)0xFF, 12)]);
        Refused("its format version is 0", [0x3A, 0]);
        Refused("a node without an operator", [0x08, 8, 0x3A, 2, 0x0A, 0]);

        static void Refused(string why, byte[] file) => Assert.Contains(why,
            Assert.Throws<OnnxFormatException>(() => OnnxModel.Read(file, "file")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Graphs_inside_graphs_without_end_are_refused()
    {
        var graph = Of(17, "", "y", [Node("Relu", "x", "y")]).Graph;
        for (int i = 0; i < 20; i++)
            graph = Of(17, "", "y", [Node("If", "c", "y", OnnxAttribute.Of("then_branch", graph))]).Graph;
        var model = new OnnxModel { Graph = graph, Opsets = { [""] = 17 } };
        Assert.Contains("16 deep", Assert.Throws<OnnxFormatException>(
            () => OnnxModel.Read(model.ToBytes(), "deep")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_saved_file_is_whole_or_not_there()
    {
        using var folder = new ScratchFolder();
        var model = Of(17, "x: 2", "y", [Node("Relu", "x", "y")]);
        model.Save(folder.File("model.onnx"));
        Assert.Equal([folder.File("model.onnx")], Directory.GetFiles(folder.Path));
        Assert.Equal(model.Checksum(), OnnxModel.Load(folder.File("model.onnx")).Checksum());
    }

    /// <summary>A model with a field nobody knows in every message; each has a text of its own.</summary>
    static byte[] Strange(List<string> markers)
    {
        var to = new WireWriter();
        to.Int(1, 8);
        Mark(to);
        to.Message(8, opset =>
        {
            opset.Int(2, 17);
            Mark(opset);
        });
        to.Message(14, metadata =>
        {
            metadata.Text(1, "k");
            Mark(metadata);
        });
        to.Message(7, graph =>
        {
            Mark(graph);
            graph.Message(1, StrangeNode);
            graph.Message(5, StrangeTensor);
            graph.Message(11, StrangeValue);
        });
        return to.Written.ToArray();

        void Mark(WireWriter at)
        {
            markers.Add($"marker-{markers.Count:00}");
            at.Text(1000, markers[^1]);
        }

        void StrangeTensor(WireWriter tensor)
        {
            tensor.Int(2, 1);
            tensor.Ints(1, [0]);
            tensor.Text(8, "w");
            Mark(tensor);
        }

        void StrangeNode(WireWriter node)
        {
            Mark(node);
            node.Text(2, "y");
            node.Text(4, "Made");
            node.Message(5, a =>
            {
                a.Text(1, "value");
                a.Int(20, (long)AttributeKind.Tensor);
                a.Message(5, StrangeTensor);
                Mark(a);
            });
            node.Message(5, a =>
            {
                a.Text(1, "of a later kind");
                a.Int(20, 13);
                Mark(a);
            });
        }

        void StrangeValue(WireWriter value)
        {
            value.Text(1, "x");
            Mark(value);
            value.Message(2, type =>
            {
                Mark(type);
                type.Message(1, tensor =>
                {
                    tensor.Int(1, 1);
                    Mark(tensor);
                    tensor.Message(2, shape =>
                    {
                        Mark(shape);
                        shape.Message(1, dim =>
                        {
                            dim.Int(1, 3);
                            Mark(dim);
                        });
                    });
                });
            });
        }
    }

    static OnnxModel Read(Action<WireWriter> inNode) => Whole(graph => graph.Message(1, node =>
    {
        node.Text(4, "Made");
        inNode(node);
    }));

    static OnnxModel ReadTensor(Action<WireWriter> tensor) => Whole(graph => graph.Message(5, tensor));

    static OnnxModel WithInput(long size, string symbol) => Whole(graph => graph.Message(11, value =>
    {
        value.Text(1, "x");
        value.Message(2, type => type.Message(1, tensor =>
        {
            tensor.Int(1, 1);
            tensor.Message(2, shape =>
            {
                shape.Message(1, dim => dim.Int(1, size));
                shape.Message(1, dim => dim.Text(2, symbol));
            });
        }));
    }));

    static OnnxModel Whole(Action<WireWriter> inGraph) => OnnxModel.Read(Bytes(inGraph), "made");

    static byte[] Bytes(Action<WireWriter> inGraph)
    {
        var to = new WireWriter();
        to.Int(1, 8);
        to.Message(7, inGraph);
        return to.Written.ToArray();
    }

    /// <summary>A model with two floats in a file beside it.</summary>
    static byte[] Outside(string location, string offset, string? length) => Bytes(graph => graph.Message(5, tensor =>
    {
        tensor.Ints(1, [2]);
        tensor.Int(2, 1);
        tensor.Text(8, "t");
        Entry("location", location);
        Entry("offset", offset);
        if (length is not null) Entry("length", length);
        tensor.Int(14, 1);

        void Entry(string key, string value) => tensor.Message(13, entry =>
        {
            entry.Text(1, key);
            entry.Text(2, value);
        });
    }));
}
