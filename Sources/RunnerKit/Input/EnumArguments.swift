// Conformances of public types are public, and so the imports of both modules must be public.
public import ArgumentParser
public import DefenseKit

extension ImageLayout: ExpressibleByArgument {}
extension ColourOrder: ExpressibleByArgument {}
extension ClassNaming: ExpressibleByArgument {}
extension DataPart: ExpressibleByArgument {}
extension Sandbox: ExpressibleByArgument {}
extension ModelFormat: ExpressibleByArgument {}
extension AttackGoal.Mode: ExpressibleByArgument {}
extension OptimizerName: ExpressibleByArgument {}
extension ScheduleName: ExpressibleByArgument {}

extension DataGroup: ExpressibleByArgument {
  /// Parses `label` or the path of a data set.
  public init?(argument: String) { self.init(argument) }
}
