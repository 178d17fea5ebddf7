internal import DefenseKit
internal import Foundation

/// The number of a JSON file's schema.
struct SchemaHeader: Decodable {
  let schema: Int

  /// Throws if a file says that it follows another schema than the one that this version reads.
  ///
  /// - Parameters:
  ///   - data: The contents of the file.
  ///   - file: The path of the file.
  ///   - expected: The schema that this version reads.
  ///   - advice: What to do about another one.
  /// - Throws: ``Failure`` with status 65.
  static func check(
    _ data: Data, of file: String, _ expected: Int, advice: String
  ) throws(Failure) {
    guard let found = try? JSONDecoder().decode(SchemaHeader.self, from: data).schema,
      found != expected
    else { return }
    let age = found < expected ? "an earlier" : "a later"
    throw Failure(
      Failure.data,
      "\(file) has schema \(found), written by \(age) version, but this version reads schema "
        + "\(expected); \(advice)".visible)
  }
}
