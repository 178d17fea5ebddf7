// The framework used as a library: compares two defenses on the same model and data.
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
  let fine = try FinePruning(options: .init(drops: [4]))
  let magnitude = try MagnitudePruning(options: .init())
  let evaluation = try experiment.run([fine, magnitude], [GoodNet()], in: RunContext())
  return evaluation.table
}

let paths = CommandLine.arguments.dropFirst().map { $0 }
if paths.count == 4 {
  do {
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
