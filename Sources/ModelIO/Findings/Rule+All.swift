extension Finding.Rule {
  /// All rules, the container's first.
  public static let all: [Self] = [
    parserCrash, parserLimit, parserAnswer, fileKind, damaged, externalStorage, externalLink,
    softLink,
    userLink, virtualDataset, filter, type, cycle, depth, objectCount, shapeBomb, compressionBomb,
    userBlock, kerasLambda, kerasBlob, kerasForeignCode, kerasFile, kerasModule, kerasCustomObject,
    kerasUnknownLayer, kerasUnsupported, kerasTraining, kerasDuplicateKey, kerasConfig,
    kerasAmbiguous, kerasPrecision, kerasExtra,
    weightsNonfinite, weightsExtreme, weightsLarge, weightsDuplicated, graphUnreachable,
    graphConstantBranch,
    graphSize,
  ]

  /// Whether a file with such a finding could not be read to its end, so that there may be more.
  public var endsReading: Bool {
    [
      .parserCrash, .parserLimit, .parserAnswer, .fileKind, .damaged, .kerasDuplicateKey,
      .kerasConfig,
    ]
    .contains(self)
  }
}
