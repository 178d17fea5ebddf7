public import Foundation

extension Lab {
  /// A program of the package, built beside the bundle of tests; nil if it was not built.
  public static func program(_ name: String) -> URL? {
    let bundles = Bundle.allBundles.filter { $0.bundlePath.hasSuffix(".xctest") }.map(\.bundleURL)
    let places = bundles + [Bundle.main.bundleURL, Bundle.main.executableURL].compactMap { $0 }
    let candidates = places.flatMap {
      [$0, $0.deletingLastPathComponent()].map { $0.appendingPathComponent(name) }
    }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }
}
