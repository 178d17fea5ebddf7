/// The configuration of a Sequential or functional model, in one form.
struct KerasNetwork: Sendable {
  /// The longest name of a layer in bytes; a node of a nested model may combine those of all
  /// enclosing models.
  private static let maximumName = 1024
  /// The largest number of tensors that all layers together read.
  private static let maximumInputs = 100_000

  static let classNames: Set<String> = ["Sequential", "Model", "Functional"]

  let name: String
  /// All layers, including the input layer, in file order; layers of nested models are inside
  /// theirs.
  let layers: [KerasLayer]
  /// The same layers in the order of Keras's `model.layers`.
  let ordered: [KerasLayer]
  /// The name of the input layer.
  let input: String
  let output: KerasCall.Source

  /// The shape of an image, without the batch axis, from the input layer.
  var inputShape: [Int]? {
    layers.first { $0.name == input }.flatMap { Self.shape($0.config) }
  }

  /// Parses the configuration of a model: `{"class_name": ..., "config": ...}`.
  ///
  /// - Parameter output: The name of the layer with the output, for a model with several.
  init(_ json: JSON, output: String? = nil) throws(KerasError) {
    guard let className = json["class_name"]?.string, let config = json["config"] else {
      throw KerasError("its model configuration has no class; save it again with model.save()")
    }
    guard Self.classNames.contains(className) else {
      throw KerasError(
        "its model has the class '\(className)'; only Sequential and functional models can be "
          + "read without running their code", rule: .kerasUnsupported)
    }
    let fallback = className == "Sequential" ? "sequential" : "model"
    let name = json["name"]?.string ?? config["name"]?.string ?? fallback
    if className == "Sequential" {
      try self.init(sequential: config, name: name)
    } else {
      try self.init(functional: config, name: name, output: output)
    }
  }

  // MARK: Sequential

  private init(sequential config: JSON, name: String) throws(KerasError) {
    // Up to Keras 2.2 the configuration is the list of layers itself.
    guard let list = config.array ?? config["layers"]?.array, !list.isEmpty else {
      throw KerasError("the model '\(name)' has no layers")
    }
    var layers: [KerasLayer] = []
    for json in list { layers.append(try Self.layer(json)) }
    if layers[0].className != "InputLayer" {
      var shape = layers[0].config["batch_input_shape"] ?? layers[0].config["batch_shape"]
      shape = shape ?? config["build_input_shape"]
      if shape == nil, let inner = layers[0].network?.inputShape {
        shape = .array([.null] + inner.map { JSON($0) })
      }
      guard let shape else {
        throw KerasError(
          "the model '\(name)' has no input shape; build it before saving it",
          rule: .kerasUnsupported)
      }
      let inputConfig: JSON = ["batch_input_shape": shape]
      let inputName = Self.unusedName("\(layers[0].name)_input", in: layers)
      layers.insert(
        KerasLayer(className: "InputLayer", name: inputName, config: inputConfig), at: 0)
    }
    for index in layers.indices.dropFirst() {
      let source = KerasCall.Source(layer: layers[index - 1].name, call: 0)
      layers[index].calls = [KerasCall(inputs: [source])]
    }
    try Self.checkNames(layers, in: name)
    self.name = name
    self.layers = layers
    self.ordered = layers
    self.input = layers[0].name
    self.output = KerasCall.Source(layer: layers[layers.count - 1].name, call: 0)
  }

  private static func unusedName(_ name: String, in layers: [KerasLayer]) -> String {
    var name = name
    while layers.contains(where: { $0.name == name }) { name += "_" }
    return name
  }

  // MARK: Functional

  private init(
    functional config: JSON, name: String, output chosen: String?
  ) throws(KerasError) {
    guard let list = config["layers"]?.array, !list.isEmpty else {
      throw KerasError("the model '\(name)' has no layers")
    }
    var layers: [KerasLayer] = []
    for json in list {
      var layer = try Self.layer(json)
      for call in json["inbound_nodes"]?.array ?? [] {
        // An empty entry belongs to the input layer.
        if call.array?.isEmpty != true { layer.calls.append(try KerasCall(call, of: layer)) }
      }
      layers.append(layer)
    }
    try Self.checkNames(layers, in: name)
    let input = try Self.endpoint(config["input_layers"], "input", of: name)
    var outputs = try Self.endpoints(config["output_layers"], "output", of: name)
    let place = chosen.map { name in outputs.firstIndex { $0.layer == name } } ?? 0
    guard let place, outputs.indices.contains(place), chosen != nil || outputs.count == 1 else {
      throw Self.tooMany(outputs.count, "output", of: name)
    }
    // If a model began elsewhere, Keras would extract a part of it.
    guard layers.first(where: { $0.name == input.layer })?.className == "InputLayer" else {
      throw KerasError("the model '\(name)' does not begin with an input layer")
    }
    try Self.countCallsFromZero(&layers, &outputs)
    self.name = name
    self.layers = layers
    self.input = input.layer
    self.output = outputs[place]
    let order = try Self.order(of: layers, input: input.layer, outputs: outputs)
    ordered = order.map { layers[$0] }
  }

  // MARK: Layers

  private static func layer(_ json: JSON) throws(KerasError) -> KerasLayer {
    guard let className = json["class_name"]?.string, let config = json["config"] else {
      throw KerasError("its model configuration lists a layer without class or configuration")
    }
    let isNetwork = classNames.contains(className)
    let network = isNetwork ? try KerasNetwork(json) : nil
    let names = [json["name"]?.string, config["name"]?.string].compactMap { $0 }
    guard let name = names.first ?? network?.name else {
      throw KerasError("its model configuration has a \(className) layer without a name")
    }
    guard name.utf8.count <= maximumName else {
      throw KerasError("layer '\(abbreviated(name))': its name is longer than any in Keras")
    }
    var layer = KerasLayer(className: className, name: name, config: config, network: network)
    guard names.allSatisfy({ $0 == name }) else {
      throw KerasError(
        layer, "its own configuration names it '\(abbreviated(names[1]))'",
        rule: .kerasAmbiguous)
    }
    if let module = json["module"]?.string {
      layer.isOperation = module.split(separator: ".").contains("ops")
    }
    _ = try layer.flag("trainable", default: true)
    if let inner = try timeDistributed(layer) { return inner }
    if className == "InputLayer", let old = config["batch_input_shape"],
      let new = config["batch_shape"], old != new
    {
      throw KerasError(
        layer, "its batch_input_shape and its batch_shape differ", rule: .kerasAmbiguous)
    }
    return layer
  }

  /// Returns the layer wrapped in `TimeDistributed`, with the wrapper's name; nil if the layer is
  /// not a wrapper, or wraps another wrapper or a model.
  private static func timeDistributed(_ layer: KerasLayer) throws(KerasError) -> KerasLayer? {
    guard layer.className == "TimeDistributed", let json = layer.config["layer"] else { return nil }
    var inner = try Self.layer(json)
    guard inner.network == nil, !inner.isTimeDistributed, inner.className != layer.className else {
      return nil
    }
    inner = KerasLayer(
      className: inner.className, name: layer.name, config: inner.config,
      isOperation: inner.isOperation, isTimeDistributed: true)
    return layer.isTrainable ? inner : inner.replacing(["trainable": false])
  }

  private static func checkNames(_ layers: [KerasLayer], in model: String) throws(KerasError) {
    guard layers.count <= KerasGraphBuilder.maximumNodes else {
      throw KerasError("the model '\(model)' has \(layers.count) layers, which is too many")
    }
    let calls = layers.reduce(0) { $0 + $1.calls.count }
    let inputs = layers.reduce(0) { $0 + $1.calls.reduce(0) { $0 + $1.inputs.count } }
    guard calls <= KerasGraphBuilder.maximumNodes, inputs <= maximumInputs else {
      throw KerasError("the model '\(model)' uses layers \(calls) times, which is too often")
    }
    var names: Set<String> = []
    for layer in layers where !names.insert(layer.name).inserted {
      throw KerasError("the model '\(model)' has two layers named '\(layer.name)'")
    }
  }

  /// Returns the shape of an image in an input layer's configuration, without the batch axis.
  static func shape(_ config: JSON) -> [Int]? {
    let shape = config["batch_input_shape"] ?? config["batch_shape"]
    guard let axes = shape?.array, axes.count > 1 else { return nil }
    return JSON.array(Array(axes.dropFirst())).ints
  }
}
