/// The Python file that exports a network of PyTorch as ONNX.
enum ExportScript {
  /// The program, complete but for the user's network.
  ///
  /// Batch normalization stays in layers of its own, with the names of the state dict, so that
  /// checkpoints of the same network fit.
  static let text = """
    import inspect, torch

    from torchvision.models import resnet18; model = resnet18(num_classes=10)  # your network
    image = torch.zeros(1, 3, 32, 32)  # channels, height and width of its images

    legacy = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    torch.onnx.export(
        model.eval(), image, "net.onnx", opset_version=13, input_names=["image"], output_names=["scores"],
        dynamic_axes={"image": {0: "n"}, "scores": {0: "n"}}, do_constant_folding=False,
        training=torch.onnx.TrainingMode.PRESERVE, **legacy)  # keeps batch normalization

    """
}
