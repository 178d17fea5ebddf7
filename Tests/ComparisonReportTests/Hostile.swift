import DefenseKit

/// Texts that a stranger might put into a model or a plan.
enum Hostile {
  static let names = [
    "<script>window.hacked = true</script>",
    "\" onmouseover=\"window.hacked=true\" autofocus onfocus=\"window.hacked=true",
    // Accents on marks that mean something: one character each, and none that a character-wise search finds.
    "\"\u{301} onload=window.hacked=true x=\"\u{301}", "<\u{301}b>&\u{301}amp;<b\u{301}>",
    "</title></svg></style></script><img src=x onerror=window.hacked=true>",
    "{{title}} {{{script}}} {{#models}}{{/models}} {{> page}} {{=<% %>=}}",
    "]]><!-- --!> -->", "javascript:window.hacked=true", "turned \u{202E}gpj.exe\u{2066} back",
    "bell \u{7} escape \u{1B}[2J nul \u{0} line\nfeed\r\ntab\t", "&lt;b&gt; &amp;amp; &#60;",
    "שלום עולם", "=cmd|' /C calc'!A0",
    "pipe | and \\| [link](https://example.org) <https://example.org>",
    String(repeating: "long ", count: 60) + "end",
  ]

  /// The records with a hostile text at every place that has one.
  static func records(_ records: [ComparisonRecord]) -> [ComparisonRecord] {
    var number = 0
    func next() -> String {
      number += 1
      return names[number % names.count]
    }
    var known: [String: String] = [:]
    func renamed(_ name: String) -> String {
      let new = known[name] ?? "\(name) \(next())"
      known[name] = new
      return new
    }
    return records.map { record in
      var record = record
      record.unit.model = renamed(record.unit.model)
      record.unit.inputs = Dictionary(
        uniqueKeysWithValues: record.unit.inputs.map { (renamed($0.key), renamed($0.value)) })
      for path in [\ComparisonUnit.defense, \ComparisonUnit.detector] {
        guard var choice = record.unit[keyPath: path] else { continue }
        choice.label = renamed(choice.label)
        choice.name = renamed("name of \(choice.name)")
        choice.options = choice.options.map {
          .init(name: renamed("option \($0.name)"), value: renamed("value \($0.value)"))
        }
        record.unit[keyPath: path] = choice
      }
      record.failure = record.failure.map { "\($0) \(names.joined(separator: " "))" }
      record.warnings = record.warnings.map { "\($0) \(next())" }
      for index in record.rows.indices {
        record.rows[index].title = renamed(record.rows[index].title)
        for place in record.rows[index].pruned.indices {
          record.rows[index].pruned[place].layer = renamed(record.rows[index].pruned[place].layer)
        }
      }
      if let layer = record.curve?.layer { record.curve?.layer = renamed(layer) }
      return record
    }
  }
}
