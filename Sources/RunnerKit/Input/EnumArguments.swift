// Conformances of public types are public, and so must be the imports of both sides.
public import ArgumentParser
public import DefenseKit

extension Layout: ExpressibleByArgument {}
extension Sandbox: ExpressibleByArgument {}
extension AttackGoal.Mode: ExpressibleByArgument {}
extension OptimizerName: ExpressibleByArgument {}
extension ScheduleName: ExpressibleByArgument {}
