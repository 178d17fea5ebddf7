import DefenseKit

/// Pictures of 8x8 pixels in four classes: one quarter is bright, on dim noise.
func toyImages(_ count: Int, seed: UInt64, name: String) -> LabelledImages {
  var generator = SeededGenerator(seed: seed)
  var bytes: [UInt8] = []
  var labels: [Int32] = []
  for index in 0..<count {
    let label = index % 4
    labels.append(Int32(label))
    for pixel in 0..<64 {
      let isBright = (pixel / 32, pixel % 8 / 4) == (label / 2, label % 2)
      bytes.append(UInt8(generator.next() >> 58) + (isBright ? 120 : 0))
    }
  }
  return LabelledImages(imageShape: [8, 8, 1], bytes: bytes, labels: labels, name: name)
}

/// An attack on these pictures that is trained in a second.
func toyExperiment(
  _ attack: any Attack, mode: AttackGoal.Mode = .allToOne, rate: Double? = nil, epochs: Int = 8,
  execution: ExecutionOptions = ExecutionOptions()
) throws -> AttackExperiment {
  try AttackExperiment(
    attack, train: toyImages(400, seed: 1, name: "training"),
    test: toyImages(100, seed: 2, name: "test"),
    goal: AttackGoal(mode, target: 1, classCount: 4), rate: rate,
    architecture: Architecture(named: "small-cnn"),
    options: TrainingOptions(
      epochs: epochs, batchSize: 20, optimizer: .adam(), learningRate: 0.002, schedule: .cosine),
    in: RunContext(execution: execution, seed: 3))
}
