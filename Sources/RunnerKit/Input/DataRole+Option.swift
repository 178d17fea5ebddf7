internal import ArgumentParser
internal import DefenseKit

extension DataRole {
  /// The option that names the set's file: "--clean".
  var option: String { "--\(rawValue)" }
}

extension NameSpecification {
  /// The name of the option for the file of a data set.
  static func role(_ role: DataRole) -> NameSpecification { .customLong(role.rawValue) }
}
