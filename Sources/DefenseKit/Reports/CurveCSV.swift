extension Evaluation {
  /// The pruning sweeps as CSV: a header, then one line for every step of every sweep, in counts.
  ///
  /// Columns are named by ``DataRole``. Those of test and poisoned images are empty if the sweep was
  /// not replayed on them.
  public var curveCSV: String {
    var lines = [
      "defense,layer,pruned,channel,clean_correct,clean_images,test_correct,"
        + "test_images,poisoned_hits,poisoned_images"
    ]
    for result in curves {
      let curve = result.curve
      for k in curve.correct.indices {
        let replay = result.replay.isEmpty ? ModelResult() : result.replay[k]
        let numbers: [Int?] = [
          k, k == 0 ? nil : curve.order[k - 1], curve.correct[k], curve.images,
          replay.test?.correct, replay.test?.images, replay.poisoned?.counted.hits,
          replay.poisoned?.counted.images,
        ]
        lines.append(
          ([CSV.text(result.defense), CSV.text(curve.layer)]
            + numbers.map { $0.map(String.init) ?? "" }).joined(separator: ","))
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
