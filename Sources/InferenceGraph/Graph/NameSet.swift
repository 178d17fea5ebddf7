/// Names in use, of nodes, layers, files or rows.
package struct NameSet: Sendable {
  private var taken: Set<String> = []

  package init() {}

  /// Adds and returns `name` if it is free, else the first free numbered form of it.
  ///
  /// - Parameters:
  ///   - name: The preferred name.
  ///   - numbered: Returns the form of the name with a number; must differ for every number.
  package mutating func take(_ name: String, numbered: (Int) -> String) -> String {
    let result = freeName(name, isTaken: { taken.contains($0) }, numbered: numbered)
    taken.insert(result)
    return result
  }
}

/// Returns `name` if it is free, else the first free one of its forms, numbered from 2.
package func freeName(
  _ name: String, isTaken: (String) -> Bool, numbered: (Int) -> String
) -> String {
  var result = name
  var number = 2
  while isTaken(result) {
    result = numbered(number)
    number += 1
  }
  return result
}
