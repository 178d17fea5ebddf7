/// The error for a file of weights that is not read on, with the reason as a finding.
struct StateRefusal: ContentError {
  let finding: Finding

  init(_ finding: Finding) { self.finding = finding }

  init(_ rule: Finding.Rule, at location: String = "", _ message: String) {
    finding = Finding(rule, at: location, message)
  }
}
