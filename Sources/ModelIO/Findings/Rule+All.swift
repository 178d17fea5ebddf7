extension Finding.Rule {
  /// All rules, those of the parser and the containers first.
  public static let all: [Self] = [
    parserCrash, parserLimit, parserAnswer, fileKind, damaged, externalStorage, externalLink,
    softLink,
    userLink, virtualDataset, filter, type, cycle, depth, objectCount, shapeBomb, compressionBomb,
    userBlock, kerasLambda, kerasBlob, kerasForeignCode, kerasFile, kerasModule, kerasCustomObject,
    kerasUnknownLayer, kerasUnsupported, kerasTraining, kerasDuplicateKey, kerasConfig,
    kerasAmbiguous, kerasPrecision, kerasExtra, kerasArchive,
    onnxDamaged, onnxDuplicateField, onnxExternal,
    onnxSize, onnxDomain, onnxUnsupported, onnxGraph, onnxPrecision, onnxExtra,
    pickleDamaged, pickleOpcode, pickleCall, pickleGlobal, pickleSize, zipArchive, tensorPlace,
    safetensorsDamaged, stateDict, stateUnsupported, stateExtra,
    weightsNonfinite, weightsExtreme, weightsLarge, weightsDuplicated, graphUnreachable,
    graphConstantBranch,
    graphSize,
  ]

  /// Whether such a finding stops reading, so that the list of findings may be incomplete.
  public var endsReading: Bool {
    [
      .parserCrash, .parserLimit, .parserAnswer, .fileKind, .damaged, .kerasDuplicateKey,
      .kerasConfig, .kerasArchive, .onnxDamaged, .onnxDuplicateField, .onnxSize, .onnxGraph,
      .pickleDamaged, .pickleOpcode, .pickleSize, .zipArchive, .safetensorsDamaged,
    ]
    .contains(self)
  }
}
