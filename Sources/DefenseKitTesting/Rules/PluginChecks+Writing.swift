internal import DefenseKit
internal import Foundation

extension PluginChecks {
  func checkWritesNothing() throws {
    let rule = PluginRule.writesNothing
    let plugin = try makePlugin(for: rule)
    try forEachTrial(rule) { trial in
      var least = Int.max
      // What other tests print may count as this thread's; they do not do so all the time.
      for pause in [0, 0.01, 0.05, 0.2] where least > 0 {
        Thread.sleep(forTimeInterval: pause)
        let materials = try trial.materials.copied()
        let bytes = try onOwnThread(deadline: deadline) {
          try WrittenBytes.count { _ = try trial.run(plugin, materials, Conditions()) }
        }
        least = min(least, bytes)
      }
      guard least == 0 else {
        throw broken(
          rule, "it wrote \(least) bytes, on \(trial.name)",
          "say what is to be said by context.warn(_:) and context.phase(_:images:_:), and leave "
            + "files to the program")
      }
    }
  }
}
