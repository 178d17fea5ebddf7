private import Foundation

/// The source of DefenseKit for a new package: a checkout, or a repository with a version.
enum DefenseKitPlace: Equatable {
  case checkout(String)
  case repository(String, from: String)

  /// Determines the source of DefenseKit.
  ///
  /// - Parameters:
  ///   - text: A folder or a URL; nil for the checkout that this program was built from.
  ///   - version: The minimum version, for a URL.
  ///   - ownVersion: The default for `version`.
  ///   - own: The checkout that this program was built from.
  /// - Throws: ``Failure`` with status 64 for unusable options, 66 for a folder without a checkout.
  init(
    _ text: String?, version: String?, ownVersion: String, own: String = Self.ownCheckout
  ) throws(Failure) {
    if let text, text.contains("://") || text.hasPrefix("git@") {
      let version = version ?? ownVersion
      guard version.wholeMatch(of: /[0-9]+\.[0-9]+\.[0-9]+/) != nil else {
        throw Failure(
          Failure.usage, "--from takes a version such as \(ownVersion), not '\(version)'")
      }
      self = .repository(text, from: version)
      return
    }
    guard version == nil else {
      throw Failure(Failure.usage, "--from needs --defensekit with a URL; leave it out")
    }
    if let text {
      let path = URL(fileURLWithPath: text).standardizedFileURL.path
      guard Self.isCheckout(path) else {
        throw Failure(
          Failure.missingInput,
          "\(text) is not a checkout of DefenseKit; give --defensekit its folder, or a URL")
      }
      self = .checkout(path)
      return
    }
    // A checkout that SwiftPM made for another package disappears when that package is cleaned.
    guard Self.isCheckout(own), !own.contains("/.build/") else {
      throw Failure(
        Failure.missingInput,
        "the checkout that this program was built from is no longer at \(own); give --defensekit "
          + "the folder of one, or a URL")
    }
    self = .checkout(own)
  }

  private static func isCheckout(_ path: String) -> Bool {
    ["Package.swift", "Sources/DefenseKitTesting"].allSatisfy {
      FileManager.default.fileExists(atPath: "\(path)/\($0)")
    }
  }

  /// The folder four levels above this file.
  private static var ownCheckout: String {
    var url = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { url.deleteLastPathComponent() }
    return url.path
  }

  /// The dependency as a line of a manifest.
  var dependency: String {
    switch self {
    case .checkout(let path): ".package(name: \"DefenseKit\", path: \(Self.literal(path)))"
    case .repository(let url, let version):
      ".package(url: \(Self.literal(url)), from: \"\(version)\")"
    }
  }

  /// The package name for products: a repository has the last part of its URL.
  var package: String {
    switch self {
    case .checkout: return "DefenseKit"
    case .repository(let url, _):
      let last = url.split(whereSeparator: { "/:".contains($0) }).last.map(String.init) ?? url
      return last.hasSuffix(".git") ? String(last.dropLast(4)) : last
    }
  }

  private static func literal(_ text: String) -> String {
    "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
  }
}
