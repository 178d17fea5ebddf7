// Conformances of public types are public, and so the imports of both modules must be public.
public import ArgumentParser
public import DefenseKit

extension ImageLayout: ExpressibleByArgument {}
extension Sandbox: ExpressibleByArgument {}
extension AttackGoal.Mode: ExpressibleByArgument {}
extension OptimizerName: ExpressibleByArgument {}
extension ScheduleName: ExpressibleByArgument {}
