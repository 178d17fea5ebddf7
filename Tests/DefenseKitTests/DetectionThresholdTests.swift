import DefenseKit
import Testing

@Suite("Thresholds by a share of false alarms")
struct DetectionThresholdTests {
  @Test(
    "By hand: five scores, two of them equal",
    arguments: [
      (0, 2, 0),  // none may be above: the largest score
      (0.19, 2, 0),  // under one image
      (0.2, 0.9, 1), (0.39, 0.9, 1),
      (0.4, 0.4, 2),  // the third largest
      (0.6, 0.4, 2),  // three may be above, but 0.4 occurs twice
      (0.8, 0.1, 4), (0.99, 0.1, 4),
    ] as [(Double, Float, Int)])
  func byHand(alarms: Double, value: Float, flagged: Int) {
    let threshold = DetectionThreshold(of: [0.4, 2, 0.1, 0.9, 0.4], alarms: alarms)
    #expect(threshold == DetectionThreshold(value: value, images: 5, flagged: flagged))
    #expect(!threshold.flags(value) && threshold.flags(value.nextUp) && threshold.flags(.nan))
  }

  @Test("One score is its own threshold")
  func single() {
    for alarms in [0, 0.5, 0.999] {
      #expect(
        DetectionThreshold(of: [3], alarms: alarms)
          == DetectionThreshold(value: 3, images: 1, flagged: 0))
    }
  }

  @Test("Shares are counted exactly: 0.29 of 100 is 29, though the product is less")
  func exactShare() {
    #expect(0.29 * 100 < 29)
    let threshold = DetectionThreshold(of: (1...100).map(Float.init), alarms: 0.29)
    #expect(threshold == DetectionThreshold(value: 71, images: 100, flagged: 29))
    // A share just under k / n allows k - 1, also where its product with n is rounded to k.
    for count in 1...300 {
      let scores = (0..<count).map(Float.init)
      for allowed in [1, count / 3, count / 2, count] where allowed > 0 {
        let share = (Double(allowed) / Double(count)).nextDown
        let flagged = DetectionThreshold(of: scores, alarms: share).flagged
        #expect(flagged == allowed - 1, "\(share) of \(count)")
      }
    }
  }

  @Test("NaN is always flagged and takes the place of an infinite score")
  func undefined() {
    #expect(
      DetectionThreshold(of: [1, .nan, 2], alarms: 0.34)
        == DetectionThreshold(value: 2, images: 3, flagged: 1))
    #expect(
      DetectionThreshold(of: [1, .nan, 2], alarms: 0.3)
        == DetectionThreshold(value: .infinity, images: 3, flagged: 1))
  }

  @Test(
    "The smallest score that meets the share, beside a search",
    arguments: 0..<200 as Range<UInt64>)
  func search(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let count = Int.random(in: 1...130, using: &random)
    // Few values make ties common.
    let kinds = Int.random(in: 1...200, using: &random)
    let scores = (0..<count).map { _ in
      Float(Int.random(in: 0..<kinds, using: &random)) / 8
    }
    let parts = Bool.random(using: &random) ? count : Int.random(in: 1...1000, using: &random)
    let part = Int.random(in: 0..<parts, using: &random)
    let allowed = part * count / parts
    let expected = scores.sorted().first { score in scores.count { $0 > score } <= allowed }
    let threshold = DetectionThreshold(of: scores, alarms: Double(part) / Double(parts))
    #expect(threshold.value == expected, "seed \(seed): \(part)/\(parts) of \(scores)")
    #expect(threshold.images == count)
    #expect(threshold.flagged == scores.count(where: threshold.flags))
    #expect(threshold.flagged <= allowed, "seed \(seed)")
    let shuffled = scores.shuffled(using: &random)
    #expect(
      DetectionThreshold(of: shuffled, alarms: Double(part) / Double(parts)) == threshold)
  }
}
