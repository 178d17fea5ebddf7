internal import ArgumentParser
internal import DefenseKit
private import Foundation

/// The name under which the program was called.
var programName: String {
  CommandLine.arguments.first.map { URL(fileURLWithPath: $0).lastPathComponent } ?? "runner"
}

/// The root command, whose subcommands are all others.
struct RootCommand: ExemplifiedCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: programName,
      abstract: "Defends neural-network classifiers against backdoors.",
      discussion: discussion(
        """
        Without a command, options are those of 'run': see '\(programName) run --help'. Shell \
        completions: '\(programName) --generate-completion-script bash', zsh or fish.
        """),
      version: "\(programName) \(defenseKitVersion)",
      subcommands: [
        RunCommand.self, ListCommand.self, InspectCommand.self, ConvertCommand.self,
        DataCommand.self, CleanDataCommand.self, ScanCommand.self, EvaluateCommand.self,
        PredictCommand.self, AttackCommand.self, TrainCommand.self, TriggerCommand.self,
        CompareCommand.self,
        MergeCommand.self, NewCommand.self, SchemaCommand.self, ManualCommand.self,
      ], defaultSubcommand: RunCommand.self)
  }

  static var examples: [Example] {
    [
      Example(
        "Defend the small backdoored network that comes with the program",
        "--defense fine-pruning --detector goodnet"),
      Example(
        "Defend a model with clean images, and write the results",
        """
        --defense fine-pruning --model suspect.h5 --clean clean.h5 \\
          --scale 1/255 --output results
        """),
      Example("Scan a model for a backdoor", "scan suspect.h5"),
    ]
  }
}
