/// Values of a layer's configuration.
///
/// A missing value has Keras's default. An unreadable one is an error, since Keras would interpret
/// it differently.
extension KerasLayer {
  /// Returns a Boolean.
  func flag(_ key: String, default fallback: Bool) throws(KerasError) -> Bool {
    guard let json = config[key] else { return fallback }
    guard let value = json.bool else {
      throw KerasError(self, "its \(key) is neither true nor false")
    }
    return value
  }

  /// Returns an integer.
  func integer(_ key: String, default fallback: Int) throws(KerasError) -> Int {
    guard let json = config[key] else { return fallback }
    guard let value = json.int else { throw KerasError(self, "its \(key) is not an integer") }
    return value
  }

  /// Returns the axis, which is a number or a list of one; -1, the last, if missing.
  func axis() throws(KerasError) -> Int {
    guard let json = config["axis"], !json.isNull else { return -1 }
    if let axis = json.int { return axis }
    guard let axes = json.ints, axes.count == 1 else {
      throw KerasError(self, "its axis is not a single number", rule: .kerasUnsupported)
    }
    return axes[0]
  }

  /// Returns the name of the type in which the layer computes, for example `mixed_float16`; nil if
  /// missing.
  ///
  /// - Throws: ``KerasError`` if the value is unreadable.
  func precision() throws(KerasError) -> String? {
    guard let json = config["dtype"], !json.isNull else { return nil }
    guard let name = json.string ?? json["config"]?["name"]?.string else {
      throw KerasError(self, "its dtype is not readable")
    }
    return name
  }
}
