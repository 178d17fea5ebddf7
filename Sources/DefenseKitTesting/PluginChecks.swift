public import DefenseKit

/// Checks that a plugin keeps the rules of plugins, on a toy problem of their own.
///
/// It knows neither XCTest nor Swift Testing and works with both. With the latter, every rule is a test
/// that shows by its name:
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
/// With XCTest, or to have it all in one go, there is ``run()``. Both throw an error whose text says which
/// rule is broken, what was seen, and what to do.
///
/// A plugin is tried on both networks of the ``ToyProblem``; those that it refuses by `PluginError` with
/// code `unsuitableModel` are left out, but one must be left. Every run happens on a thread of its own, so
/// that one that never ends fails a check and no more. Such a thread goes on until the tests end. A plugin
/// that traps ends them: no check can catch that.
///
/// That no defense sees poisoned images needs no check: `PoisonedData` does not give them away.
public struct PluginChecks: Sendable {
  /// The plugin's name.
  public var name: String { type.name }

  let type: any Plugin.Type
  let refusing: [String: [String]]
  let deadline: Duration
  let make: @Sendable () throws(PluginError) -> any Plugin
  private let givenProblem: ToyProblem?

  /// Prepares the checks of a plugin; no work is done yet.
  ///
  /// - Parameters:
  ///   - plugin: The plugin.
  ///   - options: What it is tried with, where the defaults take too long or do too little on small
  ///     images. That its defaults are accepted is checked in any case.
  ///   - refusing: Values that it must refuse, by the name of the option, as they would be written.
  ///   - problem: What it is tried on; nil: ``ToyProblem/standard()``.
  ///   - deadline: The time in which one run of the plugin must end. A run on the standard problem takes
  ///     milliseconds in a release build and some ten times that in a debug build.
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

  /// The rules that apply to such a plugin and can be checked on this system.
  public var rules: [PluginRule] { PluginRule.allCases.filter(applies) }

  private func applies(_ rule: PluginRule) -> Bool {
    let kind = type.kind
    switch rule {
    case .name, .summary, .declarations, .defaults, .roundTrip, .badValues: return true
    case .suspectUnchanged, .dataUnchanged, .sameSeed, .threadCount: return true
    case .cancelledBefore, .cancelledDuring: return true
    case .refusals: return !refusing.isEmpty
    case .writesNothing: return WrittenBytes.areCounted
    case .sampleOrder: return kind != .attack
    case .withoutData: return kind != .attack && !type.requiresCleanData
    case .repairs: return kind == .defense
    case .imageOrder, .singleImage, .verdicts: return kind == .detector
    case .modelVerdict: return kind == .verdict
    case .dataSetScores: return kind == .dataSetDetector
    case .poisoning, .trigger: return kind == .attack
    }
  }

  /// Checks all rules that apply.
  ///
  /// - Throws: ``BrokenRules``, with all that the plugin does not keep.
  public func run() throws {
    var broken: [BrokenRule] = []
    // Of a plugin that cannot be made, one rule says so.
    let isMade = (try? make()) != nil
    for rule in rules where isMade || !rule.isAboutRuns || broken.isEmpty {
      do { try check(rule) } catch let error as BrokenRule { broken.append(error) }
    }
    if !broken.isEmpty { throw BrokenRules(all: broken) }
  }

  /// Checks one rule.
  ///
  /// - Throws: ``BrokenRule`` if the plugin does not keep it; what making the toy problem throws.
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
    case .repairs: try checkRepairs()
    case .verdicts: try checkVerdicts()
    case .modelVerdict: try checkModelVerdict()
    case .dataSetScores: try checkDataSetScores()
    case .poisoning: try checkPoisoning()
    case .trigger: try checkTrigger()
    }
  }

  /// The error of a rule that is broken.
  func broken(_ rule: PluginRule, _ seen: String, _ advice: String) -> BrokenRule {
    BrokenRule(plugin: name, rule: rule, seen: seen, advice: advice)
  }

  /// The problem that the plugin is tried on.
  var problem: ToyProblem {
    get throws { try givenProblem ?? ToyProblem.standard() }
  }
}
