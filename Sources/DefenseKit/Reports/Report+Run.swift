private import Dispatch
public import InferenceGraph
public import ModelIO
private import Synchronization

extension Report {
  /// Creates the report of a run and hashes its data sets.
  ///
  /// - Parameters:
  ///   - experiment: The experiment.
  ///   - evaluation: Its results.
  ///   - plugins: The plugins of the run.
  ///   - layout: The order of an image's axes in the data sets, if the user set it.
  ///   - group: What tells the groups of the images apart; nil if they are not grouped.
  ///   - isCompact: Whether pruned channels are removed from the models written.
  ///   - context: The context of the run, with its seed, threads and warnings.
  /// - Throws: `FileError` for a data set that can no longer be read.
  public init(
    of experiment: Experiment, _ evaluation: Evaluation, by plugins: [any Plugin],
    layout: ImageLayout? = nil, group: DataGroup? = nil, isCompact: Bool = false,
    in context: RunContext
  ) throws {
    let data = try context.phase("hashing", images: 0) { _ in
      try experiment.dataEntries(threads: context.execution.threads)
    }
    var members = Self.members(of: experiment.suspect.preprocessing)
    members.append(.init("layout", JSON(layout?.rawValue)))
    if let group { members.append(.init("group", .string("\(group)"))) }
    members += [
      .init("compact", .bool(isCompact)), .init("curve", .bool(experiment.replaysCurves)),
      .init("seed", .string("\(context.seed)")),
    ]
    self.init(
      suspect: experiment.suspect, evaluation: evaluation, data: data,
      options: .object(members + Self.options(of: plugins)),
      warnings: context.statistics.warnings)
  }

  /// The members `scale` and, unless they are empty, `mean`, `deviation` and `fitting`, and
  /// `channels` if it is not rgb.
  static func members(of preprocessing: Preprocessing) -> [JSON.Member] {
    let (scale, fitting) = (preprocessing.scale, "\(preprocessing.fitting)")
    let lists = [("mean", preprocessing.mean), ("deviation", preprocessing.deviation)]
    return [.init("scale", scale.isFinite ? JSON(scale) : .null)]
      + lists.filter { !$0.1.isEmpty }.map { .init($0, .array($1.map { JSON($0) })) }
      + (fitting.isEmpty ? [] : [.init("fitting", .string(fitting))])
      + (preprocessing.channels == .rgb
        ? [] : [.init("channels", .string(preprocessing.channels.rawValue))])
  }

  /// Returns the options of all plugins, by kind and name.
  static func options(
    of plugins: [any Plugin],
    kinds: [PluginKind] = [.defense, .detector, .dataSetDetector, .verdict]
  ) -> [JSON.Member] {
    func entry(_ plugin: some Plugin) -> JSON.Member {
      .init(
        type(of: plugin).name,
        .object(plugin.options.texts.map { .init($0.name, .string($0.value)) }))
    }
    return kinds.compactMap { kind in
      let entries = plugins.filter { type(of: $0).kind == kind }.map { entry($0) }
      // These kinds have no key without plugins.
      let isOptional = kind == .dataSetDetector || kind == .verdict
      return entries.isEmpty && isOptional ? nil : .init(kind.key, .object(entries))
    }
  }
}

extension Experiment {
  /// Hashes the data sets, as many at a time as there are threads.
  func dataEntries(threads: Int) throws -> [Report.Data] {
    let sets = sets
    let threads = min(threads, sets.count)
    let hashes = Mutex([Result<String?, any Error>?](repeating: nil, count: sets.count))
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      for index in stride(from: thread, to: sets.count, by: threads) {
        let hash = Result { try sets[index].images.sha256() }
        hashes.withLock { $0[index] = hash }
      }
    }
    let done = hashes.withLock { $0 }
    return try zip(sets, done).map { set, hash in
      Report.Data(
        role: set.role, sha256: try hash?.get(), images: set.images.count,
        groups: set.images.groups.map { Set($0).count })
    }
  }
}

extension Model {
  /// The members `architecture`, unless the model's file describes the network itself, and
  /// `outputLayer`, if the file has several outputs.
  var networkMembers: [JSON.Member] {
    (architecture.map { [.init("architecture", .string($0.sha256))] } ?? [])
      + (outputLayer.map { [.init("outputLayer", .string($0))] } ?? [])
  }
}
