/// The version of DefenseKit, as reports and `--version` give it.
public let defenseKitVersion = "0.1.0"
