internal import DefenseKit

/// A task for a plugin: to repair one of the toy networks, for example.
struct Trial: Sendable {
  /// The name in messages: the network's, or the attack mode.
  let name: String
  /// The plugin's inputs; every run gets a copy that shares no memory with them.
  let materials: Materials
  /// Runs the plugin and returns the facts of its results.
  let run: Run
  /// Runs only the part in which a detector learns; nil for other plugins.
  var learn: Run?

  /// Runs a plugin with materials under conditions.
  typealias Run = @Sendable (any Plugin, Materials, Conditions) throws -> Facts
}

/// The inputs of a plugin.
struct Materials: Sendable {
  /// A suspect and, for a detector, a repaired copy; for an attack, a clean model.
  var models: [Model]
  /// The images to learn from; for an attack, those to poison; for a data-set detector, those to
  /// score.
  var images: LabelledImages
  /// The images to learn from as clean data; nil for attacks and data-set detectors.
  var clean: CleanData?

  /// Returns equal materials that share no memory with these, with the clean images as floats.
  func copied() throws -> Materials {
    Materials(
      models: try models.map { try $0.copied() }, images: images.copied,
      clean: try clean == nil ? nil : images.floats())
  }

  /// Returns the clean data in the order that the conditions ask for.
  func clean(in conditions: Conditions = Conditions()) throws -> CleanData {
    guard let clean else { return try CleanData(images.dataSet()) }
    var (source, labels, groups) = (clean.source, clean.labels, clean.groups)
    if let order = conditions.cleanOrder {
      (source, labels) = (Subset(of: source, order), order.map { labels[$0] })
      groups = groups.map { all in order.map { all[$0] } }
    }
    if conditions.isFirstLate { source = LateSource(of: source) }
    if let shift = conditions.labelShift {
      labels = labels.map { ($0 + shift) % Int32(ToyProblem.classCount) }
    }
    return try CleanData(
      source, labels: labels, isLabelled: conditions.labelShift == nil, groups: groups,
      name: clean.name)
  }

  /// Returns the repaired copy, with every other clean image held out, whatever the order that the
  /// conditions ask for.
  func repair(in conditions: Conditions) -> Repair {
    var repair = Repair(models[1])
    let order = conditions.cleanOrder ?? Array(0..<(clean?.count ?? 0))
    repair.heldOut = order.indices.filter { order[$0].isMultiple(of: 2) }
    return repair
  }

  /// The models' bits.
  var modelFacts: Facts {
    var facts = Facts()
    for model in models { facts.add("\(model.name)", model) }
    return facts
  }

  /// The data's bits.
  var dataFacts: Facts {
    var facts = Facts()
    if let clean {
      facts.add("the clean data", clean)
    } else {
      facts.add("the training set", images)
    }
    return facts
  }
}

extension Trial {
  /// A trial that repairs a network.
  static func repairing(_ suspect: ToyProblem.Suspect, in problem: ToyProblem) -> Trial {
    Trial(
      name: suspect.model.name,
      materials: Materials(
        models: [suspect.model], images: problem.cleanImages, clean: problem.clean)
    ) { plugin, materials, conditions in
      var facts = Facts()
      facts.add(try repairs(by: plugin, materials, conditions))
      return facts
    }
  }

  static func repairs(
    by plugin: any Plugin, _ materials: Materials, _ conditions: Conditions
  ) throws -> [Repair] {
    guard case .defense(let defense) = plugin.byKind else { return [] }
    var repairs = try defense.repair(
      materials.models[0], using: materials.clean(in: conditions),
      in: conditions.context)
    if conditions.labelShift != nil {
      // The host leaves out what is counted without labels.
      for index in repairs.indices { repairs[index].clean = nil }
    }
    return repairs
  }

  /// Returns the repaired copy for a detector that compares models; nil for others.
  private static func repair(
    for detector: any Detector, _ materials: Materials, _ conditions: Conditions
  ) -> Repair? {
    detector.comparesModels ? materials.repair(in: conditions) : nil
  }

  /// A trial that distinguishes triggered images from clean ones.
  static func detecting(_ suspect: ToyProblem.Suspect, in problem: ToyProblem) -> Trial {
    let classified = problem.classifiedImages
    return Trial(
      name: suspect.model.name,
      materials: Materials(
        models: [suspect.model, suspect.repaired], images: problem.cleanImages,
        clean: problem.clean)
    ) { plugin, materials, conditions in
      var facts = Facts()
      facts.add(
        "the detections", try detections(by: plugin, materials, on: classified, conditions))
      if case .detector(let detector) = plugin.byKind,
        let model = try detector.model(suspect: materials.models[0], repaired: materials.models[1])
      {
        facts.add("the detector's model", model)
      }
      return facts
    } learn: { plugin, materials, conditions in
      if case .detector(let detector) = plugin.byKind {
        _ = try detector.fitted(
          to: materials.models[0],
          repaired: repair(for: detector, materials, conditions),
          using: materials.clean(in: conditions), in: conditions.context)
      }
      return Facts()
    }
  }

  static func detections(
    by plugin: any Plugin, _ materials: Materials, on images: LabelledImages,
    _ conditions: Conditions
  ) throws -> [Detection] {
    guard case .detector(let detector) = plugin.byKind else { return [] }
    let source: any SampleSource = images.dataSet()
    return try detector.detections(
      on: conditions.imageOrder.map { Subset(of: source, $0) } ?? source,
      suspect: materials.models[0],
      repaired: repair(for: detector, materials, conditions),
      using: materials.clean(in: conditions), in: conditions.context)
  }

  /// A trial that scans a network.
  static func scanning(_ suspect: ToyProblem.Suspect, in problem: ToyProblem) -> Trial {
    Trial(
      name: suspect.model.name,
      materials: Materials(
        models: [suspect.model], images: problem.cleanImages, clean: problem.clean)
    ) { plugin, materials, conditions in
      var facts = Facts()
      guard case .verdict(let scanner) = plugin.byKind else { return facts }
      facts.add(
        try scanner.scan(
          materials.models[0], using: materials.clean(in: conditions), in: conditions.context))
      return facts
    }
  }

  /// A trial that scores a training set.
  static func scoring(_ suspect: ToyProblem.Suspect, in problem: ToyProblem) -> Trial {
    Trial(
      name: suspect.model.name,
      materials: Materials(models: [suspect.model], images: problem.poisonedImages)
    ) { plugin, materials, conditions in
      var facts = Facts()
      guard case .dataSetDetector(let detector) = plugin.byKind else { return facts }
      facts.add(try scores(by: detector, materials, using: problem.clean, conditions))
      return facts
    }
  }

  /// Returns the scores by the images' original positions, in whichever order the detector gets
  /// them.
  static func scores(
    by detector: any DataSetDetector, _ materials: Materials, using clean: CleanData,
    _ conditions: Conditions
  ) throws -> DataSetScores {
    let images = materials.images
    let order = conditions.cleanOrder ?? Array(0..<images.count)
    var source: any SampleSource = Subset(of: images.dataSet(), order)
    if conditions.isFirstLate { source = LateSource(of: source) }
    let training = try TrainingData(
      source, labels: order.map { images.labels[$0] }, name: images.name)
    let found = try detector.scores(
      of: training, model: materials.models[0], using: clean, in: conditions.context)
    let dropped = found.dropped ?? []
    guard found.scores.count == order.count, dropped.allSatisfy(order.indices.contains),
      dropped == dropped.sorted()
    else { return found }
    var scores = found.scores
    for (place, index) in order.enumerated() { scores[index] = found.scores[place] }
    return DataSetScores(
      scores: scores, dropped: found.dropped.map { $0.map { order[$0] }.sorted() })
  }

  /// A trial that poisons training images.
  static func poisoning(_ mode: AttackGoal.Mode, in problem: ToyProblem) -> Trial {
    Trial(
      name: mode.rawValue,
      materials: Materials(models: [problem.cleanModel], images: problem.training)
    ) { plugin, materials, conditions in
      var facts = Facts()
      guard case .attack(let attack) = plugin.byKind else { return facts }
      let trigger = try trigger(of: attack, mode, for: materials, conditions)
      facts.add(trigger)
      facts.add(try poisoning(by: attack, with: trigger, materials, conditions))
      if Swift.type(of: attack).method == .editing {
        facts.add("the edited model", try edited(by: attack, with: trigger, materials, conditions))
      }
      return facts
    }
  }

  static func trigger(
    of attack: any Attack, _ mode: AttackGoal.Mode, for materials: Materials,
    _ conditions: Conditions
  ) throws -> Trigger {
    let goal = try attack.goal(
      AttackGoal(mode, target: 1, classCount: materials.models[0].classCount))
    let trigger = try Trigger(
      of: attack, imageShape: materials.images.imageShape, goal: goal, in: conditions.context)
    return try attack.fitted(trigger, to: { materials.models[0] }, in: conditions.context)
  }

  static func edited(
    by attack: any Attack, with trigger: Trigger, _ materials: Materials, _ conditions: Conditions
  ) throws -> Model {
    try attack.edited(
      materials.models[0], task(of: attack, with: trigger, materials, conditions),
      in: conditions.context)
  }

  static func poisoning(
    by attack: any Attack, with trigger: Trigger, _ materials: Materials, _ conditions: Conditions
  ) throws -> Poisoning {
    try attack.poison(
      task(of: attack, with: trigger, materials, conditions), in: conditions.context)
  }

  static func task(
    of attack: any Attack, with trigger: Trigger, _ materials: Materials, _ conditions: Conditions
  ) throws -> PoisoningTask {
    let kind = Swift.type(of: attack)
    return PoisoningTask(
      for: kind, images: materials.images, trigger: trigger,
      otherTriggers: try attack.otherTriggers(besides: trigger, in: conditions.context),
      rate: kind.poisonRate, seed: conditions.seed, cleanModel: { materials.models[0] })
  }
}

extension ToyProblem {
  /// Clean and triggered images for detectors to distinguish.
  var classifiedImages: LabelledImages {
    LabelledImages(
      imageShape: testImages.imageShape, bytes: testImages.bytes + triggeredImages.bytes,
      labels: testImages.labels + triggeredImages.labels, name: "toy test images")
  }
}
