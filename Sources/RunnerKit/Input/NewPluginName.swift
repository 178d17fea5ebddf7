internal import DefenseKit

/// The checked names of a new plugin and of its type.
struct NewPluginName: Equatable {
  /// The name in kebab-case: "my-defense", for example.
  let name: String
  /// The name of the type and the module: "MyDefense", for example.
  let type: String

  /// Checks a name.
  ///
  /// - Parameters:
  ///   - text: The name as written by the user.
  ///   - plugins: The existing plugins; the new one must fit into the same program.
  /// - Throws: ``Failure`` with status 64 for a name that is not in kebab-case or is taken.
  init(_ text: String, besides plugins: PluginSet) throws(Failure) {
    guard Self.isKebabCase(text), text.count <= 64 else {
      let near = Self.kebabCase(text)
      let example = Self.isKebabCase(near) && near.count <= 64 ? near : "magnitude-pruning"
      throw Failure(
        Failure.usage,
        "'\(text)' isn't a plugin's name; names are in kebab-case, as in '\(example)'")
    }
    name = text
    type = text.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    if plugins.types.contains(where: { $0.name == text }) {
      throw Failure(
        Failure.usage, "a plugin '\(text)' already exists; choose another name")
    }
    // File systems may ignore case.
    let lower = type.lowercased()
    let taken = Self.modules + plugins.types.map { "\($0)" }
    if Self.types.contains(type) || taken.contains(where: { $0.lowercased() == lower }) {
      throw Failure(
        Failure.usage,
        "'\(text)' would make a type named \(type), which already exists; choose another name")
    }
  }

  private static func isKebabCase(_ text: String) -> Bool {
    text.wholeMatch(of: /[a-z][a-z0-9]*(-[a-z0-9]+)*/) != nil
  }

  /// Returns a text in kebab-case: with dashes before capitals that start a word, and for
  /// everything but letters and digits.
  static func kebabCase(_ text: String) -> String {
    let letters = Array(text)
    var result = ""
    for (index, letter) in letters.enumerated() {
      guard letter.isASCII, letter.isLetter || letter.isNumber else {
        result += "-"
        continue
      }
      let isAfterSmall =
        index > 0 && (letters[index - 1].isLowercase || letters[index - 1].isNumber)
      let isBeforeSmall = index + 1 < letters.count && letters[index + 1].isLowercase
      let isAfterCapital = index > 0 && letters[index - 1].isUppercase
      if letter.isUppercase, isAfterSmall || isAfterCapital && isBeforeSmall { result += "-" }
      result += letter.lowercased()
    }
    return result.split(separator: "-").joined(separator: "-")
  }

  /// Types that the generated sources use; a plugin type of the same name would hide them.
  static let types: Set<String> = [
    "Array", "Attack", "AttackGoal", "BadNets", "Bool", "CancellationError", "CleanCounts",
    "CleanData", "Confidence", "Defense", "Detector", "Double", "Executor", "FinePruning",
    "FineTuning", "Float", "FreeEagle", "GoodNet", "DetectorBatch", "FittedDetector", "Int",
    "Int32",
    "DataSetDetector", "DataSetScores", "Dense", "Graph", "Model", "ModelScanner", "ModelVerdict",
    "Mutex", "NeuralCleanse", "OccluderSearch", "Options", "Package", "Plugin", "PluginChecks",
    "PluginError", "PluginOption",
    "PluginOptions", "PluginRequirement", "PluginRule", "PrunedChannels", "Repair", "RunContext",
    "Runner",
    "SeededGenerator", "Self", "SpectralSignatures", "String", "Suite", "Tensor", "Test",
    "ToyProblem", "TrainingData", "Trigger", "TriggerUnlearning", "UInt64", "Detection",
    // Types of the language and its libraries.
    "Any", "Data", "Dictionary", "Error", "Never", "Optional", "Protocol", "Range", "Result",
    "Sendable", "Set", "Task", "Type",
  ]

  /// Modules that the new package is built with, and others of every Swift program.
  static let modules = [
    "ANP", "ActivationClustering", "AdaptiveBlend", "ArgumentParser", "ArgumentParserToolInfo",
    "BPP", "BaDExpert", "BadNets", "Beatrix", "Blended", "CCrypto", "CHDF5", "CImages", "CJPEG",
    "CKernels", "CLP", "COpenBLAS", "CPNG", "CSystem", "CYaml", "CZlib", "ComparisonReport",
    "Contamination", "DefenseKit", "DefenseKitTesting", "Dispatch", "FTrojan", "FinePruning",
    "FineTuning", "Foundation", "FreeEagle", "GoodNet", "IBAU", "IBDPSC", "InferenceGraph",
    "LabelConsistent", "LowFrequency", "MMBD", "MMBM", "ModelIO", "MultiTrigger", "Mustache", "NAD",
    "NetworkTraining", "NeuralCleanse", "OccluderSearch", "RunnerKit", "SIG", "SPECTRE", "SRA",
    "STRIP", "ScaleUp", "SentiNet", "SpectralSignatures", "StandardPlugins", "SubNetworks", "Swift",
    "Synchronization", "TED", "TaCT", "TeCo", "Testing", "TriggerUnlearning", "TrojanNN", "WaNet",
    "XCTest", "Yams", "benchmark", "runner",
  ]
}
