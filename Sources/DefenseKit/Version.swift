/// The version of DefenseKit in reports and in the output of `--version`.
public let defenseKitVersion = "0.1.0"
