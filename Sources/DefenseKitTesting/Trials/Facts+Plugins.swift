internal import DefenseKit

extension Facts {
  /// Adds a network with all its weights.
  mutating func add(_ name: String, _ model: Model) {
    let layers = model.graph.nodes.map {
      "\($0.name) \($0.inputs) \($0.activation) \($0.shape) \($0.operation.withoutWeights)"
    }
    add("the layers of \(name)", layers.joined(separator: ", "))
    add("the output of \(name)", "\(model.graph.output)")
    add("the preprocessing of \(name)", "\(model.preprocessing)")
    for node in model.graph.nodes {
      for (number, tensor) in node.operation.weights.enumerated() {
        add("weights \(number) of layer '\(node.name)' of \(name)", tensor.values)
      }
    }
  }

  /// Adds a defense's repairs.
  mutating func add(_ repairs: [Repair]) {
    add("the number of repairs", "\(repairs.count)")
    for (number, repair) in repairs.enumerated() {
      let name = "repair \(number)"
      add("the title of \(name)", repair.title)
      for pruned in repair.pruned {
        add("the pruned layer of \(name)", pruned.layer)
        add("the pruned channels of \(name)", pruned.channels)
      }
      add("the number of held-out images of \(name)", "\(repair.heldOut.count)")
      add("the clean counts of \(name)", repair.clean.map { "\($0)" } ?? "nil")
      add("the curve of \(name)", repair.curve.map { "\($0)" } ?? "nil")
      add("the tuning of \(name)", repair.tuning.map { "\($0)" } ?? "nil")
      add(name, repair.model)
    }
  }

  /// Adds a detector's answers for images.
  mutating func add(_ name: String, _ detections: [Detection]) {
    add("the predictions of \(name)", detections.map(\.prediction))
    add("the scores of \(name)", detections.map(\.score))
  }

  /// Adds the values of a trigger's change.
  mutating func add(_ trigger: Trigger) {
    switch trigger.change {
    case .overlay(let pattern, let alpha):
      add("the trigger's pattern", pattern)
      add("the trigger's alpha", alpha)
    case .addition(let values): add("the trigger's addition", values)
    case .warp(let field): add("the trigger's field", field)
    case .quantization(let levels, let dithers):
      add("the trigger's levels", [levels, dithers ? 1 : 0])
    }
  }

  /// Adds poisoned images.
  mutating func add(_ poisoning: Poisoning) {
    add("the poisoned images' indices", poisoning.poisoned)
    add("the covered images' indices", poisoning.covers)
    add("the poisoned set", poisoning.images)
  }

  /// Adds labelled images.
  mutating func add(_ name: String, _ images: LabelledImages) {
    add("the bytes of \(name)", images.bytes)
    add("the labels of \(name)", images.labels)
  }

  /// Adds clean data whose images are in an array.
  mutating func add(_ name: String, _ clean: CleanData) {
    if let source = clean.source as? ArraySource { add("the images of \(name)", source.values) }
    add("the labels of \(name)", clean.labels)
  }
}

extension Facts {
  /// Adds a verdict on a model.
  mutating func add(_ verdict: ModelVerdict) {
    add("the statistic", "\(verdict.statistic)")
    add("the threshold", "\(verdict.threshold)")
    add("the scores of the classes", "\(verdict.classScores)")
    add("the target classes", verdict.targets)
    add("the notes", "\(verdict.notes)")
    add("the number of triggers", "\(verdict.triggers.count)")
    for trigger in verdict.triggers { add(trigger) }
  }

  /// Adds a data-set detector's scores.
  mutating func add(_ scores: DataSetScores) {
    add("the scores", scores.scores.map { Int(truncatingIfNeeded: $0.bitPattern) })
    add("whether images are dropped", "\(scores.dropped != nil)")
    add("the images dropped", scores.dropped ?? [])
  }
}
