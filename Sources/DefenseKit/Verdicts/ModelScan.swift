public import InferenceGraph
internal import ModelIO

/// All verdicts on a model, and what goes with them: the audit of its file, the verdicts that could
/// not be given, and the steps that may follow.
public struct ModelScan: Sendable {
  /// A verdict and the plugin that gave it.
  public struct Answer: Sendable, Hashable {
    /// The plugin's name.
    public var verdict: String
    /// The plugin's summary, one sentence.
    public var summary: String
    /// The verdict.
    public var result: ModelVerdict
    /// The file of each trigger found, by position; empty if they are not written.
    public var files: [String]

    /// Creates an answer.
    public init(verdict: String, summary: String, result: ModelVerdict, files: [String] = []) {
      self.verdict = verdict
      self.summary = summary
      self.result = result
      self.files = files
    }
  }

  /// A plugin that gave no verdict.
  public struct Omission: Sendable, Hashable {
    /// The plugin's name.
    public var verdict: String
    /// What the plugin lacks, and what to do about it: a sentence without a full stop.
    public var reason: String
    /// Whether clean images, or more of them, would let it give one.
    public var lacksImages: Bool

    /// Creates an omission.
    public init(verdict: String, reason: String, lacksImages: Bool) {
      self.verdict = verdict
      self.reason = reason
      self.lacksImages = lacksImages
    }
  }

  /// A command that may follow.
  public struct Step: Sendable, Hashable {
    /// What the command is for, a phrase in the imperative.
    public var purpose: String
    /// The command line.
    public var command: String

    /// Creates a step.
    public init(_ purpose: String, _ command: String) {
      self.purpose = purpose
      self.command = command
    }
  }

  /// The model.
  public var suspect: Model
  /// The verdicts, in the order in which they were asked for.
  public var answers: [Answer]
  /// The plugins that gave no verdict.
  public var omissions: [Omission]
  /// The suspect's answers on labelled clean images; nil if there are none.
  public var baseline: CleanCounts?
  /// The warning that the suspect does little better than guessing; nil if it does better or if
  /// there are no labelled clean images.
  public var baselineProblem: String?
  /// The audit of the model's file; nil for a model without one.
  public var audit: ModelAudit?
  /// The steps that may follow.
  public var steps: [Step] = []

  /// Creates a scan.
  public init(
    suspect: Model, answers: [Answer], omissions: [Omission] = [], baseline: CleanCounts? = nil,
    baselineProblem: String? = nil, audit: ModelAudit? = nil
  ) {
    self.suspect = suspect
    self.answers = answers
    self.omissions = omissions
    self.baseline = baseline
    self.baselineProblem = baselineProblem
    self.audit = audit
  }

  /// Whether a verdict finds a backdoor.
  public var isBackdoored: Bool { answers.contains { $0.result.isBackdoored } }

  /// The classes that any verdict holds to be target classes, ascending.
  public var targets: [Int] { Set(answers.flatMap(\.result.targets)).sorted() }
}

extension Experiment {
  /// Asks model scanners for their verdicts; those that the model or the data do not suit become
  /// omissions.
  ///
  /// Warns first of a suspect that does little better than guessing.
  ///
  /// - Parameters:
  ///   - scanners: The scanners.
  ///   - labelled: Correctly labelled clean images to check the suspect's accuracy on, if any.
  ///   - context: The context of the run.
  /// - Throws: ``PluginError`` of the first scanner if none gives a verdict; the errors of scanners
  ///   and execution.
  public func scan(
    by scanners: [any ModelScanner], labelled: CleanData? = nil, in context: RunContext
  ) throws -> ModelScan {
    var scan = ModelScan(suspect: suspect, answers: [])
    if let labelled {
      let result = try Evaluation.ModelResult(
        of: suspect, test: labelled, poisoned: nil, in: context)
      scan.baseline = result.test
      let problem = result.test.flatMap { counts in
        context.baselineWarning(
          correct: counts.correct, images: counts.images, of: suspect, on: labelled)
      }
      if let problem {
        context.warn(problem)
        scan.baselineProblem = context.wording(problem)
      }
    }
    var first: PluginError?
    for scanner in scanners {
      let type = type(of: scanner)
      do {
        try inputs().check(scanner)
      } catch {
        first = first ?? error
        scan.omissions.append(
          .init(
            verdict: type.name, reason: context.wording(error),
            lacksImages: error.code != .unsuitableModel))
        continue
      }
      do {
        let result = try verdict(by: scanner, in: context).result
        scan.answers.append(.init(verdict: type.name, summary: type.summary, result: result))
      } catch let error as PluginError where error.code == .unsuitableModel {
        first = first ?? error
        scan.omissions.append(
          .init(verdict: type.name, reason: context.wording(error), lacksImages: false))
      }
    }
    if scan.answers.isEmpty, let first { throw first }
    return scan
  }
}
