// The framework used as a library: looks at a model file, then compares two defenses on it.
import DefenseKit
import FinePruning
import Foundation
import GoodNet
import MagnitudePruning

/// Runs both defenses, each with GoodNet, and returns the table.
func compare(model: String, clean: String, test: String, poisoned: String) throws -> String {
  let suspect = try KerasModel.load(model)
  func data(_ path: String) throws -> DataSet {
    try DataSet.load(path, for: suspect.graph.inputShape, classCount: suspect.classCount)
  }
  let experiment = try Experiment(
    suspect: suspect, clean: CleanData(data(clean)), test: CleanData(data(test)),
    poisoned: PoisonedData(data(poisoned)))
  let fine = try FinePruning(options: .init(drops: [4], tuning: .none))
  let magnitude = try MagnitudePruning(options: .init())
  let evaluation = try experiment.run([fine, magnitude], [GoodNet()], in: RunContext())
  return evaluation.table
}

/// Lists what an honest model file does not have; returns whether there is nothing.
func isClean(_ path: String) throws -> Bool {
  let audit = try ModelAudit(path)
  for finding in audit.findings { print(finding.rule.name, finding.location, finding.message) }
  return audit.isComplete && audit.findings.allSatisfy { $0.rule.severity == .note }
}

let paths = CommandLine.arguments.dropFirst().map { $0 }
if paths.count == 4 {
  do {
    guard try isClean(paths[0]) else { exit(1) }
    print(
      try compare(model: paths[0], clean: paths[1], test: paths[2], poisoned: paths[3]),
      terminator: "")
  } catch {
    FileHandle.standardError.write(Data("compare: \(error)\n".utf8))
    exit(65)
  }
} else {
  FileHandle.standardError.write(Data("usage: compare MODEL CLEAN TEST POISONED\n".utf8))
  exit(64)
}
