import DefenseKit
import Testing

/// A goal for ten classes.
func goal(_ mode: AttackGoal.Mode = .allToOne, target: Int = 0) throws -> AttackGoal {
  try AttackGoal(mode, target: target, classCount: 10)
}

/// The message of the error that `body` throws.
func message(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch { return "\(error)" }
}

@Suite("What triggers do to an image")
struct TriggerTests {
  @Test("An overlay: opaque, transparent, and between with rounding")
  func overlay() throws {
    let trigger = try Trigger(
      .overlay(pattern: [255, 255, 100, 3], alpha: [1, 0, 0.5, 0.5]), imageShape: [1, 4, 1],
      goal: goal())
    // 0.5 * 201 + 0.5 * 100 = 150.5, which rounds up; 0.5 * 0 + 0.5 * 3 = 1.5 to 2.
    #expect(trigger.applied(to: [7, 8, 201, 0]) == [255, 8, 151, 2])
  }

  @Test("An overlay's opacity holds for all channels of a pixel")
  func overlayChannels() throws {
    let trigger = try Trigger(
      .overlay(pattern: [1, 2, 3, 4, 5, 6], alpha: [1, 0]), imageShape: [1, 2, 3], goal: goal())
    #expect(trigger.applied(to: [9, 9, 9, 8, 8, 8]) == [1, 2, 3, 8, 8, 8])
  }

  @Test("An addition is rounded and clipped at both ends")
  func addition() throws {
    let trigger = try Trigger(
      .addition([40, -40, 0.4, -0.6, 255]), imageShape: [1, 5, 1], goal: goal())
    #expect(trigger.applied(to: [250, 10, 10, 10, 0]) == [255, 0, 10, 9, 255])
  }

  @Test("A warp reads between four pixels bilinearly")
  func warp() throws {
    let image: [UInt8] = [0, 100, 40, 200]
    func first(row: Float, column: Float) throws -> UInt8 {
      let identity: [Float] = [0, 1, 1, 0, 1, 1]
      return try Trigger(.warp([row, column] + identity), imageShape: [2, 2, 1], goal: goal())
        .applied(to: image)[0]
    }
    #expect(try first(row: 0, column: 0) == 0)
    #expect(try first(row: 0, column: 1) == 100)
    #expect(try first(row: 1, column: 0) == 40)
    #expect(try first(row: 1, column: 1) == 200)
    // The upper edge at 3/4 is 75, the lower one 40 + 0.75 * 160 = 160; half way between is 117.5.
    #expect(try first(row: 0.5, column: 0.75) == 118)
    #expect(try first(row: 0.25, column: 0) == 10)
  }

  @Test("A warp leaves the other pixels and channels where they are")
  func identity() throws {
    let image = (0..<24).map { UInt8($0 * 10) }
    let field = (0..<8).flatMap { [Float($0 / 4), Float($0 % 4)] }
    let trigger = try Trigger(.warp(field), imageShape: [2, 4, 3], goal: goal())
    #expect(trigger.applied(to: image) == image)
  }

  @Test("A change that does not fit the images or has values out of range is refused")
  func refusals() throws {
    func attempt(_ change: Trigger.Change, _ shape: [Int] = [1, 2, 1]) -> String? {
      message { _ = try Trigger(change, imageShape: shape, goal: goal()) }
    }
    #expect(attempt(.addition([1, 2])) == nil)
    #expect(
      attempt(.addition([1]))
        == "the trigger's addition has 1 values for the shape [1, 2, 1]")
    #expect(attempt(.addition([1, .nan]))?.contains("nan at position 1") == true)
    #expect(attempt(.overlay(pattern: [0, 256], alpha: [0, 0])) != nil)
    #expect(attempt(.overlay(pattern: [0, 255], alpha: [0, 1.5])) != nil)
    // Column 1.5 is beyond the last pixel, and so is any row but 0.
    #expect(attempt(.warp([0, 0, 0, 1])) == nil)
    #expect(attempt(.warp([0, 0, 0, 1.5]))?.contains("outside of 0.0...1.0") == true)
    #expect(attempt(.warp([0, 0, 0.5, 1])) != nil)
    #expect(attempt(.addition([]), [0, 2, 1]) != nil)
  }

  @Test("Targets: all-to-one leaves the target class out, all-to-all goes round")
  func testSets() throws {
    let images = LabelledImages(
      imageShape: [1, 1, 1], bytes: [10, 20, 30, 40], labels: [9, 0, 4, 0], name: "four")
    func set(
      _ mode: AttackGoal.Mode, keepsUnaffected: Bool = false
    ) throws -> ([UInt8], [Int32], [Int32]) {
      let trigger = try Trigger(.addition([1]), imageShape: [1, 1, 1], goal: goal(mode))
      let (set, trueLabels) = try trigger.testSet(from: images, keepsUnaffected: keepsUnaffected)
      return (set.bytes, set.labels, trueLabels)
    }
    #expect(try set(.allToOne) == ([11, 31], [0, 0], [9, 4]))
    #expect(
      try set(.allToOne, keepsUnaffected: true) == (
        [11, 21, 31, 41], [0, 0, 0, 0], [9, 0, 4, 0]
      ))
    #expect(try set(.allToAll) == ([11, 21, 31, 41], [0, 1, 5, 1], [9, 0, 4, 0]))
    let all = LabelledImages(imageShape: [1, 1, 1], bytes: [1], labels: [0], name: "zeros")
    let trigger = try Trigger(.addition([1]), imageShape: [1, 1, 1], goal: goal())
    #expect(
      message { _ = try trigger.testSet(from: all) }
        == "zeros: all its images are of the target class 0; give images of other classes too")
    let other = LabelledImages(imageShape: [1, 2, 1], bytes: [1, 1], labels: [0], name: "wide")
    #expect(message { _ = try trigger.testSet(from: other) }?.contains("[1, 2, 1]") == true)
  }

  @Test("A target that is no class is refused")
  func targets() {
    #expect(
      message { _ = try goal(target: 10) }
        == "target takes a class from 0 to 9, not 10")
    #expect(message { _ = try goal(target: -1) } != nil)
    #expect(message { _ = try AttackGoal(target: 0, classCount: 1) } != nil)
    #expect(message { _ = try AttackGoal(target: 0, classCount: 1 << 20) } == nil)
    #expect(
      message { _ = try AttackGoal(target: 0, classCount: 1_000_000_000_000) }
        == "1000000000000 classes are more than a network may have (1048576); give fewer")
  }
}
