import Foundation
import InferenceGraph
import ModelIO
import Testing

@Suite("scan")
struct ScanTests {
  private typealias Object = [String: Any]

  /// Six classes behind twelve rectified features; a bias draws everything to class 4.
  private static func write(_ path: String, backdoor: Bool) throws {
    var graph = try Graph(inputShape: [4, 4, 1])
    try graph.append("flat", .flatten, inputs: [0])
    let first = Tensor(
      shape: [16, 12], values: (0..<192).map { Float(($0 * 37) % 19) / 19 - 0.5 })
    try graph.append("hidden", .dense(Dense(kernel: first)), inputs: [1], activation: .relu)
    let last = Tensor(
      shape: [12, 6], values: (0..<72).map { $0 / 12 == $0 % 6 ? 1.5 : -0.3 })
    let bias = Tensor(shape: [6], values: (0..<6).map { backdoor && $0 == 4 ? 6 : 0 })
    try graph.append(
      "scores", .dense(Dense(kernel: last, bias: bias)), inputs: [2], activation: .softmax)
    try KerasModel.save(Model(graph: graph), to: path)
  }

  @Test("A backdoored model ends with status 1 and its class, another with 0; JSON has the same")
  func statuses() throws {
    let folder = try TemporaryFolder()
    let (suspect, honest) = ("\(folder.path)/suspect.h5", "\(folder.path)/honest.h5")
    try Self.write(suspect, backdoor: true)
    try Self.write(honest, backdoor: false)
    let options = ["--option", "free-eagle.steps=60"]
    let found = try RunnerProgram.run(["scan", suspect] + options)
    #expect(found.status == 1, "\(found.errors)")
    #expect(found.output.hasPrefix("free-eagle: backdoored, class 4\n  statistic "))
    #expect(!found.errors.contains("runner:"))
    let clear = try RunnerProgram.run(["scan", honest, "--verdict", "free-eagle"] + options)
    #expect(clear.status == 0, "\(clear.errors)")
    #expect(clear.output.hasPrefix("free-eagle: no backdoor found (this does not prove"))
    let json = try RunnerProgram.run(["scan", suspect, "--json"] + options)
    #expect(json.status == 1)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? Object)
    #expect(object["backdoored"] as? Bool == true)
    let verdict = try #require((object["verdicts"] as? Object)?["free-eagle"] as? Object)
    #expect(verdict["class"] as? Int == 4 && (verdict["scores"] as? [Any])?.count == 6)
  }

  @Test("Bad input is one line")
  func refusals() throws {
    let folder = try TemporaryFolder()
    let model = "\(folder.path)/m.h5"
    try Self.write(model, backdoor: false)
    let cases: [([String], Int32, String)] = [
      (
        ["--verdict", "free-eagel"], 64,
        "free-eagel is not a verdict; did you mean 'free-eagle'?"
      ),
      (["--verdict", "strip"], 64, "strip is a detector, not a verdict; use --detector strip"),
      (
        ["--option", "strip.overlays=3"], 64,
        "strip.overlays has no effect, because strip isn't part of this run"
      ),
      (
        ["--option", "free-eagle.steps=0"], 64,
        "free-eagle.steps takes an integer from 1 to 100,000"
      ),
    ]
    for (arguments, status, words) in cases {
      let result = try RunnerProgram.run(["scan", model] + arguments)
      #expect(result.status == status && result.output == "", "\(arguments)")
      #expect(result.errors.hasPrefix("runner: \(words)"), "\(result.errors)")
      #expect(result.errors.split(separator: "\n").count == 1)
    }
    let defense = try RunnerProgram.run(["--defense", "free-eagle"])
    #expect(defense.errors.contains("'free-eagle' is a verdict, not a defense"))
  }
}
