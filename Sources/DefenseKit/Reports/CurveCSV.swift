extension Evaluation {
  /// The sweeps as CSV: a header, then a line for every step of every sweep; counts, no shares.
  ///
  /// Fields of test sets that the sweep wasn't replayed on are empty.
  public var curveCSV: String {
    var lines = [
      "defense,layer,pruned,channel,validation_correct,validation_images,clean_correct,"
        + "clean_images,poisoned_hits,poisoned_images"
    ]
    for result in curves {
      let curve = result.curve
      for k in curve.correct.indices {
        let replay = result.replay.isEmpty ? ModelResult() : result.replay[k]
        let numbers: [Int?] = [
          k, k == 0 ? nil : curve.order[k - 1], curve.correct[k], curve.images,
          replay.clean?.correct, replay.clean?.images, replay.poisoned?.counted.hits,
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
