/// Searches a configuration at every depth for anything that does not occur in models made of
/// Keras's own parts.
///
/// It checks every object with a class, whether a layer in a list, inside a wrapper, or an
/// initializer, an activation or a loss. The loader and the audit share these checks.
struct KerasAudit {
  /// The largest number of findings; a hostile file could cause any number.
  static let maximumCount = 1000

  private(set) var findings: [Finding] = []
  /// Whether this is the training configuration, which does not affect what the network computes.
  private let isTraining: Bool

  /// The role of an object in the object that contains it.
  private enum Role { case model, layer, part, functionName }

  private init(isTraining: Bool) { self.isTraining = isTraining }

  /// Returns the findings in a model's configuration.
  static func findings(inModel json: JSON) -> [Finding] {
    var audit = KerasAudit(isTraining: false)
    audit.walk(json, as: .model, in: [])
    return audit.findings
  }

  /// Returns the findings in the configuration of a model's training.
  static func findings(inTraining json: JSON) -> [Finding] {
    var audit = KerasAudit(isTraining: true)
    audit.walk(json, as: .part, in: ["training_config"])
    return audit.findings
  }

  private mutating func walk(_ json: JSON, as role: Role, in place: [String]) {
    guard findings.count < Self.maximumCount else { return }
    switch json {
    case .array(let elements):
      for element in elements { walk(element, as: role, in: place) }
    case .object(let members):
      if let className = members["class_name"]?.string {
        walk(KerasObject(className, members), as: role, in: place)
      } else {
        if members["function_type"]?.string == "lambda" || members["code"]?.string != nil {
          add(.kerasLambda, place, "'\(text(place))' holds a function's code, which is never run")
        }
        for member in members.sorted {
          walk(member.value, as: roleOf(member.key, in: role), in: place + [short(member.key)])
        }
      }
    case .string(let text):
      if let kind = KerasBlob.kind(of: text) {
        let isCode = kind == .code
        add(
          isCode ? .kerasLambda : .kerasBlob, place,
          "'\(self.text(place))' is \(kind.rawValue) stored as text, which is never "
            + "\(isCode ? "run" : "read")"
        )
      } else if role == .functionName, !KerasClasses.isFunction(text) {
        add(.kerasTraining, place, "'\(short(text))' is not a loss or metric of Keras")
      }
    default: break
    }
  }

  private mutating func walk(_ object: KerasObject, as role: Role, in place: [String]) {
    let isLayer = role == .layer || role == .model
    // The outermost model's name is omitted from locations.
    let isOutermost = role == .model && KerasNetwork.classNames.contains(object.className)
    let place = isLayer && !isOutermost ? place + [short(object.name ?? object.className)] : place
    let title = isLayer ? "layer '\(text(place))'" : "'\(text(place))'"
    if !check(object, isLayer: isLayer, place, "\(title) (\(short(object.className))):") { return }
    for member in object.members.sorted {
      let (key, value) = (member.key, member.value)
      if key == "class_name" || key == "name" || key == "registered_name" { continue }
      if key == "config", case .object(let config) = value {
        for part in config.sorted {
          walk(part.value, as: roleOf(part.key, in: .part), in: place + Self.component(part.key))
        }
      } else if key == "config", object.className == "Sequential", case .array = value {
        // Up to Keras 2.2 a Sequential's configuration is the list of its layers.
        walk(value, as: .layer, in: place)
      } else {
        walk(value, as: roleOf(key, in: .part), in: place + Self.component(key))
      }
    }
  }

  /// Checks one object; returns whether its members may hold further findings.
  private mutating func check(
    _ object: KerasObject, isLayer: Bool, _ place: [String], _ title: String
  ) -> Bool {
    let names = [object.baseName, object.registeredBase].compactMap { $0 }
    if names.contains("Lambda") {
      add(
        .kerasLambda, place,
        "\(title) a Lambda layer is code in the file, which is never run; rebuild the model without it"
      )
      return false
    }
    if names.contains("__lambda__") {
      add(.kerasLambda, place, "\(title) it is a function's code, which is never run")
      return false
    }
    let isFunction = names.contains(where: KerasClasses.functionLayers.contains)
    if names.contains(where: KerasClasses.foreignCode.contains)
      || isFunction && !KerasClasses.isArithmetic(object.members["config"])
    {
      add(.kerasForeignCode, place, "\(title) it wraps code from elsewhere, which is never run")
      return true
    }
    if let module = object.module, !object.isModuleOfKeras {
      add(
        .kerasModule, place,
        "\(title) it is from the module '\(short(module))', which has no model parts and is never "
          + "imported")
      return true
    }
    if KerasClasses.lookups.contains(object.baseName),
      let vocabulary = object.members["config"]?["vocabulary"]?.string
    {
      add(
        .kerasFile, place, "\(title) it reads the file '\(short(vocabulary))', which is not opened")
    }
    if object.isOwn(asLayer: isLayer) { return true }
    if object.hasForeignPackage || !isLayer {
      let what = object.className == "function" ? "a function" : "a custom class"
      if isTraining {
        add(.kerasTraining, place, "\(title) it is not part of Keras")
      } else {
        add(
          .kerasCustomObject, place,
          "\(title) it is \(what) that is not part of Keras, and code from a file is never run; "
            + "rebuild the model from parts of Keras")
      }
    } else {
      add(
        .kerasUnknownLayer, place,
        "\(title) its class is unknown; only the image layers of Keras are supported, and code is "
          + "never run")
    }
    return true
  }

  private mutating func add(_ rule: Finding.Rule, _ place: [String], _ message: String) {
    findings.append(Finding(rule, at: text(place), message))
  }

  private func text(_ place: [String]) -> String {
    place.isEmpty ? "model_config" : place.joined(separator: "/")
  }

  private func short(_ text: String) -> String { abbreviated(text, to: 60) }

  /// The keys whose values are layers.
  private static let layerKeys: Set<String> = [
    "layers", "layer", "forward_layer", "backward_layer", "cell", "cells",
  ]

  private func roleOf(_ key: String, in role: Role) -> Role {
    switch key {
    case _ where Self.layerKeys.contains(key): .layer
    case "loss", "metrics", "weighted_metrics", "fn": isTraining ? .functionName : .part
    default: role == .functionName ? .functionName : .part
    }
  }

  /// Returns the location component for a key; none for keys that only introduce layers.
  private static func component(_ key: String) -> [String] {
    key == "config" || layerKeys.contains(key) ? [] : [abbreviated(key, to: 60)]
  }
}

/// An object in a configuration that names a class.
private struct KerasObject {
  let className: String
  let members: [JSON.Member]

  init(_ className: String, _ members: [JSON.Member]) {
    self.className = className
    self.members = members
  }

  var name: String? { members["name"]?.string ?? members["config"]?["name"]?.string }
  var module: String? { members["module"]?.string }

  /// The class name without the package under which it is registered.
  var baseName: String { Self.base(className) }
  var registeredBase: String? { members["registered_name"]?.string.map(Self.base) }

  /// Whether the object is registered under a package other than Keras's.
  var hasForeignPackage: Bool {
    let packages = [className, members["registered_name"]?.string ?? ""].compactMap { name in
      name.contains(">") ? name.prefix { $0 != ">" }.lowercased() : nil
    }
    // Keras 2.11 and 2.12 wrote their own new optimizers as "Custom>Adam".
    return packages.contains {
      !["keras", "builtins"].contains($0) && !($0 == "custom" && KerasClasses.isPart(baseName))
    }
  }

  /// Whether the module is Keras's; functions have the module `builtins`, everything else its own.
  var isModuleOfKeras: Bool {
    guard let module else { return true }
    return module == "builtins" ? className == "function" : KerasClasses.isModule(module)
  }

  /// Returns whether the object is one of Keras's own.
  func isOwn(asLayer: Bool) -> Bool {
    if hasForeignPackage { return false }
    if let registered = registeredBase, registered != "function",
      registered != baseName, !KerasClasses.layers.contains(registered),
      !KerasClasses.isFunction(registered)
    {
      return false
    }
    if asLayer { return KerasClasses.isLayer(baseName) }
    // A layer may serve as an activation.
    if KerasClasses.layers.contains(baseName) { return true }
    if className == "function" {
      return members["config"]?.string.map(KerasClasses.isFunction) ?? false
    }
    return KerasClasses.values.contains(className) || KerasClasses.isFunction(baseName)
  }

  private static func base(_ name: String) -> String {
    name.split(separator: ">").last.map(String.init) ?? name
  }
}
