import Foundation
import Testing

/// Compares with a file in `Golden`; `DEFENSEKIT_RECORD=1` writes it instead.
func expectGolden(
  _ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Golden/\(name)")
  if ProcessInfo.processInfo.environment["DEFENSEKIT_RECORD"] == "1" {
    try text.write(to: url, atomically: true, encoding: .utf8)
  }
  let golden = try String(contentsOf: url, encoding: .utf8)
  #expect(
    text == golden, "\(name) differs; DEFENSEKIT_RECORD=1 writes it anew",
    sourceLocation: sourceLocation)
}
