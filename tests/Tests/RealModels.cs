namespace EdgeAppliance.Tests;

/// <summary>Every network there is: those under ../shared/data, and the one in the tree.</summary>
static class RealModels
{
    const string Twin = "twin/model.onnx";

    static readonly string[] Shared =
    [
        "detectors/fastestdet.onnx", "detectors/person_reid_retail_0288.onnx", "detectors/ultraface_rfb_320.onnx",
        "detectors/yolov8n_dequant_fp32.onnx", "detectors/yolov8n_int8.onnx", "detectors/yolox_nano.onnx",
        "imagenet100/SqueezeNet_fp16.onnx",
    ];

    public static TheoryData<string> Names => [.. Shared, Twin];

    /// <summary>The file's path; skips the test when it is not there.</summary>
    public static string PathOf(string name) => name == Twin
        ? Path.Combine(SharedData.Root, "runtime", "models", "twin", "model.onnx") : SharedData.Path(name.Split('/'));
}
