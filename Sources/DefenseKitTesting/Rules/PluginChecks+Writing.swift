internal import DefenseKit
internal import Foundation

extension PluginChecks {
  func checkWritesNothing() throws {
    let rule = PluginRule.writesNothing
    let plugin = try makePlugin(for: rule)
    try forEachTrial(rule) { trial in
      var (written, buffered) = (0, Int.max)
      // The buffers may hold output of other tests, but these do not print all the time.
      for pause in [0, 0.01, 0.05, 0.2] where written == 0 && buffered > 0 {
        Thread.sleep(forTimeInterval: pause)
        let materials = try trial.materials.copied()
        let bytes = try onOwnThread(deadline: deadline) {
          try WrittenBytes.count { _ = try trial.run(plugin, materials, Conditions()) }
        }
        (written, buffered) = (bytes.written, min(buffered, bytes.buffered))
      }
      guard written + buffered == 0 else {
        throw broken(
          rule, "it wrote \(written + buffered) bytes, on \(trial.name)",
          "report through context.warn(_:) and context.phase(_:images:_:), and leave files to the "
            + "program")
      }
    }
  }
}
