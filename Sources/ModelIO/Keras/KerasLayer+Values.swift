/// The values of a layer's configuration.
///
/// What is not there has Keras's default; what is there and cannot be read is an error, as Keras
/// would make something else of it.
extension KerasLayer {
  /// Returns a truth value.
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
    guard let value = json.int else { throw KerasError(self, "its \(key) is no integer") }
    return value
  }

  /// Returns the one axis, a number or a list of one; -1, the last, where there is none.
  func axis() throws(KerasError) -> Int {
    guard let json = config["axis"], !json.isNull else { return -1 }
    if let axis = json.int { return axis }
    guard let axes = json.ints, axes.count == 1 else {
      throw KerasError(self, "its axis is not one number", rule: .kerasUnsupported)
    }
    return axes[0]
  }

  /// The name of the type that it computes in, such as `mixed_float16`; nil if it has none.
  ///
  /// - Throws: ``KerasError`` if there is something else in its place.
  func precision() throws(KerasError) -> String? {
    guard let json = config["dtype"], !json.isNull else { return nil }
    guard let name = json.string ?? json["config"]?["name"]?.string else {
      throw KerasError(self, "its dtype is not readable")
    }
    return name
  }
}
