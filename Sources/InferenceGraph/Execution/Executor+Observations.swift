private import Synchronization

extension Executor {
  /// Returns the values of the observed nodes for all images: `result[observation]` is
  /// `[images][height][width][channels]` in row-major order.
  ///
  /// - Throws: The errors of ``run(_:progress:body:)``.
  public func observations(
    of source: any SampleSource, progress: ProgressHandler? = nil
  ) throws -> [[Float]] {
    let results = Mutex<[[Float]]>(Array(repeating: [], count: observed.count))
    try run(source, progress: progress) { batch in
      let values = observed.indices.map { batch.values(ofObservation: $0) }
      results.withLock { results in
        for (index, part) in values.enumerated() {
          let size = part.count / batch.indices.count
          if results[index].isEmpty {
            results[index] = Array(repeating: .nan, count: source.count * size)
          }
          let start = batch.indices.lowerBound * size
          results[index].replaceSubrange(start..<start + part.count, with: part)
        }
      }
    }
    return results.withLock { $0 }
  }
}
