internal import DefenseKit

extension ComparisonReport {
  /// The plugins and inputs of the results, their costs, failures and warnings.
  var detailsContext: [String: Any] {
    let failures = records.filter { $0.failure != nil }
    let warnings = warnings
    return [
      "plugins": PluginKind.allCases.flatMap { plugins($0) },
      "inputs": inputs, "notes": notes.map { ["name": $0.name, "value": $0.value] },
      "hasNotes": !notes.isEmpty,
      "seeds": records.map(\.unit.seed).distinct.map(String.init).joined(separator: ", "),
      "failures": failures.map { ["unit": $0.unit.title, "reason": $0.failure ?? ""] },
      "warnings": warnings, "isSpotless": failures.isEmpty && warnings.isEmpty,
      "slowest": slowest, "hasCosts": !slowest.isEmpty,
      "metrics": ComparisonMetric.allCases.map {
        ["title": $0.title, "definition": $0.definition, "source": shown($0.source)]
      },
    ]
  }

  /// Returns plugins of a kind with all their options, in order of first occurrence.
  private func plugins(_ kind: PluginKind) -> [[String: Any]] {
    records.compactMap { $0.unit.plugins[kind] }.distinct.map { plugin in
      [
        "kind": kind.name,
        "label": plugin.label, "name": plugin.name, "isRenamed": plugin.label != plugin.name,
        "options": plugin.options.map { ["option": $0.name, "value": $0.value] },
        "hasOptions": !plugin.options.isEmpty,
      ]
    }
  }

  /// The hashes of the input files of every model.
  private var inputs: [[String: Any]] {
    models.flatMap { model in
      let inputs = model.records.map(\.unit.inputs).distinct
      return inputs.flatMap { inputs in
        inputs.sorted { $0.key < $1.key }.enumerated().map { place, input -> [String: Any] in
          ["model": place == 0 ? model.name : "", "role": input.key, "hash": input.value]
        }
      }
    }
  }

  /// Each warning once, with its units.
  private var warnings: [[String: Any]] {
    let texts = records.flatMap(\.warnings).distinct
    let units = Dictionary(
      grouping: records.flatMap { record in
        record.warnings.distinct.map { ($0, record.unit.title) }
      }, by: \.0)
    return texts.map { text in
      let titles = units[text]?.map(\.1) ?? []
      let more = titles.count > 1 ? " and \(counted(titles.count - 1, "more unit"))" : ""
      return ["warning": text, "from": (titles.first ?? "") + more]
    }
  }

  /// The ten slowest units.
  private var slowest: [[String: Any]] {
    let known = records.enumerated().compactMap { place, record in
      costs[record.key].map { (place, record.unit.title, $0) }
    }
    return known.sorted { ($1.2.seconds, $0.0) < ($0.2.seconds, $1.0) }.prefix(10).map {
      ["unit": $0.1, "time": duration($0.2.seconds), "memory": bytes($0.2.peakMemory)]
    }
  }
}
