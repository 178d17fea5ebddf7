/// Names that are taken, of nodes, layers, files or rows.
package struct NameSet: Sendable {
  private var taken: Set<String> = []

  package init() {}

  /// Takes a name, or the first free one of its numbered forms, and returns it.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - numbered: Its form with a number; must differ for every number.
  package mutating func take(_ name: String, numbered: (Int) -> String) -> String {
    let result = freeName(name, isTaken: { taken.contains($0) }, numbered: numbered)
    taken.insert(result)
    return result
  }
}

/// Returns a name, or the first of its forms numbered from 2 that is not taken.
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
