import Testing

@testable import InferenceGraph
@testable import NetworkTraining

@Suite struct ScheduleTests {
  private func factors(
    _ schedule: LearningRateSchedule, epochs: Int, stepsPerEpoch: Int
  ) -> [Double] {
    (0..<epochs * stepsPerEpoch).map {
      schedule.factor(step: $0, stepsPerEpoch: stepsPerEpoch, epochs: epochs)
    }
  }

  private func isClose(_ a: [Double], _ b: [Double]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-6 }
  }

  @Test func constant() {
    #expect(factors(.constant, epochs: 2, stepsPerEpoch: 2) == [1, 1, 1, 1])
  }

  /// Times 0.1 at the beginning of the third epoch and again at that of the fourth.
  @Test func steps() {
    let got = factors(.step(at: [2, 3]), epochs: 5, stepsPerEpoch: 2)
    #expect(isClose(got, [1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01]))
    #expect(factors(.step(at: [0, 9], factor: 0.5), epochs: 1, stepsPerEpoch: 2) == [0.5, 0.5])
    #expect(factors(.step(at: []), epochs: 1, stepsPerEpoch: 2) == [1, 1])
  }

  /// (1 + cos(k * 45 degrees)) / 2, whatever the epochs.
  @Test func cosine() {
    let right = [1, 0.853553, 0.5, 0.146447]
    #expect(isClose(factors(.cosine, epochs: 2, stepsPerEpoch: 2), right))
    #expect(isClose(factors(.cosine, epochs: 1, stepsPerEpoch: 4), right))
    #expect(factors(.cosine, epochs: 1, stepsPerEpoch: 1) == [1])
  }

  /// 20 steps: up from 1/25 in step 0 to 1 in step 0.3 * 20 - 1 = 5, down to 1/250,000 in step 19.
  @Test func oneCycle() {
    let got = factors(.oneCycle, epochs: 5, stepsPerEpoch: 4)
    #expect(isClose([got[0], got[5], got[19]], [0.04, 1, 0.000004]))
    // A fifth of the way up: 1 - 0.96 * (1 + cos 36 degrees) / 2.
    #expect(isClose([got[1]], [0.131672]))
    // Half of the way down.
    #expect(isClose([got[12]], [0.500002]))
    #expect(zip(got[...5], got[1...5]).allSatisfy { $0 < $1 })
    #expect(zip(got[5...], got[6...]).allSatisfy { $0 > $1 })
  }

  @Test func oneCycleOfFewSteps() {
    #expect(factors(.oneCycle, epochs: 1, stepsPerEpoch: 1) == [1])
    #expect(isClose(factors(.oneCycle, epochs: 1, stepsPerEpoch: 2), [1, 0.000004]))
    #expect(isClose(factors(.oneCycle, epochs: 3, stepsPerEpoch: 1), [1, 0.500002, 0.000004]))
  }
}
