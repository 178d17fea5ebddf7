public import ModelIO

extension ModelAudit {
  /// Returns the audit as a SARIF 2.1.0 log (OASIS Standard, 2020) of one run.
  ///
  /// The log describes all rules, including those without findings. Each rule refers to its
  /// technique in a taxonomy that represents MITRE ATLAS. A location inside the file is a logical
  /// location. A verdict is a rule too, with a result if it finds a backdoor.
  ///
  /// - Parameters:
  ///   - tool: The name of the auditing program.
  ///   - version: The version of that program.
  ///   - answers: Verdicts on the model.
  public func sarif(tool: String, version: String, answers: [ModelScan.Answer] = []) -> JSON {
    let rules = Finding.Rule.all + answers.map(Self.rule)
    let techniques = Set(rules.map(\.technique)).sorted()
    let run: JSON = [
      "tool": [
        "driver": [
          "name": .string(tool), "version": .string(version),
          "rules": .array(rules.map { Self.sarif($0, techniques) }),
          "supportedTaxonomies": [["name": "MITRE ATLAS", "index": 0]],
        ]
      ],
      "taxonomies": [
        [
          "name": "MITRE ATLAS", "organization": "The MITRE Corporation",
          "informationUri": "https://atlas.mitre.org",
          "taxa": .array(
            techniques.map {
              ["id": .string($0), "helpUri": .string("https://atlas.mitre.org/techniques/\($0)")]
            }),
        ]
      ],
      "artifacts": [
        ["location": ["uri": .string(Self.uri(path))], "hashes": ["sha-256": .string(sha256)]]
      ],
      "invocations": [["executionSuccessful": .bool(isComplete)]],
      "results": .array(
        findings.map { sarif($0) }
          + answers.enumerated().filter(\.element.result.isBackdoored).map { place, answer in
            sarif(answer, rule: Finding.Rule.all.count + place)
          }),
    ]
    return [
      "$schema":
        "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
      "version": "2.1.0", "runs": .array([run]),
    ]
  }

  private static func sarif(_ rule: Finding.Rule, _ techniques: [String]) -> JSON {
    [
      "id": .string(rule.name), "shortDescription": ["text": .string(message(rule.summary))],
      "defaultConfiguration": ["level": .string(rule.severity.rawValue)],
      "properties": ["tags": ["security", .string(rule.technique)]],
      "relationships": [
        [
          "target": [
            "id": .string(rule.technique),
            "index": .int(techniques.firstIndex(of: rule.technique) ?? -1),
            "toolComponent": ["name": "MITRE ATLAS", "index": 0],
          ],
          "kinds": ["relevant"],
        ]
      ],
    ]
  }

  /// Returns the rule of a verdict.
  private static func rule(_ answer: ModelScan.Answer) -> Finding.Rule {
    Finding.Rule(answer.verdict, .error, technique: "AML.T0018.000", answer.summary)
  }

  /// Returns the result of a verdict that finds a backdoor.
  ///
  /// - Parameter rule: The index of its rule.
  private func sarif(_ answer: ModelScan.Answer, rule: Int) -> JSON {
    let result = answer.result
    let classes = result.targets.map(String.init).joined(separator: ", ")
    let target =
      switch result.targets.count {
      case 0: ""
      case 1: " with the target class \(classes)"
      default: " with the target classes \(classes)"
      }
    let message =
      "\(answer.verdict) finds a backdoor\(target): statistic \(upToFourDecimals(result.statistic)), "
      + "threshold \(upToFourDecimals(result.threshold))"
    return [
      "ruleId": .string(answer.verdict), "ruleIndex": .int(rule),
      "level": .string(Finding.Severity.error.rawValue),
      "message": ["text": .string(Self.message(message))],
      "locations": [.object([physicalLocation])],
    ]
  }

  /// The place of a result: the file.
  private var physicalLocation: JSON.Member {
    .init(
      "physicalLocation", ["artifactLocation": ["uri": .string(Self.uri(path)), "index": 0]])
  }

  private func sarif(_ finding: Finding) -> JSON {
    var location: [JSON.Member] = [physicalLocation]
    if !finding.location.isEmpty {
      location.append(
        .init("logicalLocations", [["fullyQualifiedName": .string(finding.location.visible)]]))
    }
    return [
      "ruleId": .string(finding.rule.name),
      "ruleIndex": .int(Finding.Rule.all.firstIndex(of: finding.rule) ?? -1),
      "level": .string(finding.rule.severity.rawValue),
      "message": ["text": .string(Self.message(finding.message))],
      "locations": .array([.object(location)]),
    ]
  }

  /// Returns a text that SARIF viewers show literally: braces would be placeholders, and a name in
  /// the file could form a link.
  private static func message(_ text: String) -> String {
    let text = text.visible
    var result = ""
    let hasLink = text.contains("](")
    for character in text {
      switch character {
      case "{", "}": result += "\(character)\(character)"
      case "[" where hasLink, "]" where hasLink: result += "\\\(character)"
      default: result.append(character)
      }
    }
    return result
  }

  /// Returns a path as a URI: relative, or with the scheme `file`.
  private static func uri(_ path: String) -> String {
    var result = path.hasPrefix("/") ? "file://" : ""
    for byte in path.utf8 {
      let character = Character(Unicode.Scalar(byte))
      if character.isASCII, character.isLetter || character.isNumber || "-._~/".contains(character)
      {
        result.append(character)
      } else {
        result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return result
  }
}
