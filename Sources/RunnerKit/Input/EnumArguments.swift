// Conformances of public types are public, and so is where they come from.
public import ArgumentParser
public import DefenseKit

extension Layout: ExpressibleByArgument {}
extension Sandbox: ExpressibleByArgument {}
extension AttackGoal.Mode: ExpressibleByArgument {}
extension OptimizerName: ExpressibleByArgument {}
extension ScheduleName: ExpressibleByArgument {}
