public import DefenseKit

/// Checks that a plugin keeps the rules of plugins, on a toy problem.
///
/// The checks work with XCTest and Swift Testing. With the latter, every rule is a test with a name
/// of its own:
///
/// ```swift
/// @Suite struct MagnitudePruningRules {
///   static let checks = PluginChecks(MagnitudePruning.self, refusing: ["share": ["0", "1"]])
///
///   @Test(arguments: checks.rules)
///   func rule(_ rule: PluginRule) throws { try Self.checks.check(rule) }
/// }
/// ```
///
/// With XCTest, or to check all rules at once, call ``run()``. Both throw an error whose text names
/// the broken rule, the observation and the advice.
///
/// The checks run a plugin on both networks of the ``ToyProblem``. They skip a network that the
/// plugin refuses by `PluginError` with code `unsuitableModel`, but one must remain. Every run has
/// its own thread, so that an endless run fails one check and no more; its thread lives until the
/// tests end. A plugin that traps ends the tests: no check can catch a trap.
///
/// No check is needed to keep poisoned images from defenses: `PoisonedData` does not expose them.
public struct PluginChecks: Sendable {
  /// The plugin's name.
  public var name: String { type.name }

  let type: any Plugin.Type
  let refusing: [String: [String]]
  let deadline: Duration
  let make: @Sendable () throws(PluginError) -> any Plugin
  private let givenProblem: ToyProblem?

  /// Creates the checks of a plugin; does no other work.
  ///
  /// - Parameters:
  ///   - plugin: The plugin.
  ///   - options: The options to check it with, if the defaults take too long or do too little on
  ///     small images. The default options must be accepted in any case.
  ///   - refusing: Values that it must refuse, by the option's name, in their text form.
  ///   - problem: The problem to check it on; nil for ``ToyProblem/standard()``.
  ///   - deadline: The time in which each run of the plugin must end. A run on the standard problem
  ///     takes milliseconds in a release build and about ten times as long in a debug build.
  public init<P: Plugin>(
    _ plugin: P.Type, options: P.Options = P.Options(), refusing: [String: [String]] = [:],
    on problem: ToyProblem? = nil, deadline: Duration = .seconds(120)
  ) {
    type = plugin
    self.refusing = refusing
    self.deadline = deadline
    make = { () throws(PluginError) in try P(options: options) }
    givenProblem = problem
  }

  /// The rules that apply to this kind of plugin and can be checked on this system.
  public var rules: [PluginRule] { PluginRule.allCases.filter(applies) }

  /// Whether the plugin needs clean images with the options to check it with.
  private var needsCleanData: Bool { (try? make())?.needsCleanData ?? type.requiresCleanData }

  private func applies(_ rule: PluginRule) -> Bool {
    let kind = type.kind
    switch rule {
    case .name, .summary, .declarations, .defaults, .roundTrip, .badValues: return true
    case .suspectUnchanged, .dataUnchanged, .sameSeed, .threadCount: return true
    case .cancelledBefore, .cancelledDuring: return true
    case .refusals: return !refusing.isEmpty
    case .writesNothing: return WrittenBytes.areCounted
    case .sampleOrder: return kind != .attack
    case .withoutData: return kind != .attack && !needsCleanData
    case .withoutLabels:
      return [.defense, .detector, .verdict].contains(kind) && !type.requiresLabels
    case .repairs: return kind == .defense
    case .imageOrder, .singleImage, .detections: return kind == .detector
    case .modelVerdict: return kind == .verdict
    case .dataSetScores: return kind == .dataSetDetector
    case .poisoning, .trigger: return kind == .attack
    }
  }

  /// Checks all rules that apply.
  ///
  /// - Throws: ``BrokenRules`` with all rules that the plugin breaks.
  public func run() throws {
    var broken: [BrokenRule] = []
    // If the plugin cannot be created, one rule reports it.
    let isMade = (try? make()) != nil
    for rule in rules where isMade || !rule.isAboutRuns || broken.isEmpty {
      do { try check(rule) } catch let error as BrokenRule { broken.append(error) }
    }
    if !broken.isEmpty { throw BrokenRules(all: broken) }
  }

  /// Checks one rule.
  ///
  /// - Throws: ``BrokenRule`` if the plugin breaks it; the errors of creating the toy problem.
  public func check(_ rule: PluginRule) throws {
    let type = type
    switch rule {
    case .name: try checkName()
    case .summary: try checkSummary()
    case .declarations: try checkDeclarations(type)
    case .defaults: try checkDefaults(type)
    case .roundTrip: try checkRoundTrip(type)
    case .badValues: try checkBadValues(type)
    case .refusals: try checkRefusals(type)
    case .suspectUnchanged, .dataUnchanged: try checkUnchanged(rule)
    case .sameSeed: try checkSameSeed()
    case .threadCount: try checkThreadCount()
    case .sampleOrder: try checkSampleOrder()
    case .imageOrder: try checkImageOrder()
    case .singleImage: try checkSingleImage()
    case .cancelledBefore: try checkCancelledBefore()
    case .cancelledDuring: try checkCancelledDuring()
    case .writesNothing: try checkWritesNothing()
    case .withoutData: try checkWithoutData()
    case .withoutLabels: try checkWithoutLabels()
    case .repairs: try checkRepairs()
    case .detections: try checkDetections()
    case .modelVerdict: try checkModelVerdict()
    case .dataSetScores: try checkDataSetScores()
    case .poisoning: try checkPoisoning()
    case .trigger: try checkTrigger()
    }
  }

  /// Returns the error for a broken rule.
  func broken(_ rule: PluginRule, _ observed: String, _ advice: String) -> BrokenRule {
    BrokenRule(plugin: name, rule: rule, observed: observed, advice: advice)
  }

  /// The problem to check the plugin on.
  var problem: ToyProblem {
    get throws { try givenProblem ?? ToyProblem.standard() }
  }
}
