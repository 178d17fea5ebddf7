import BadNets
import Blended
import DefenseKit
import Foundation
import SIG
import Testing

@testable import LabelConsistent

/// What an attack's trigger does to an image, and the picture of it.
private func applied(
  _ attack: some Attack, to image: [UInt8], shape: [Int], seed: UInt64 = 0
) throws -> [UInt8] {
  try Trigger(of: attack, imageShape: shape, goal: goal(), in: RunContext(seed: seed))
    .applied(to: image)
}

@Suite("Triggers of the attacks, worked by hand")
struct AttackTriggerTests {
  private func badNets(_ set: (inout BadNets.Options) -> Void) throws -> BadNets {
    var options = BadNets.Options()
    set(&options)
    return try BadNets(options: options)
  }

  /// The patch on a grey image as rows of characters: `#` white, `.` black, `-` as it was.
  private func picture(_ attack: BadNets, _ height: Int, _ width: Int) throws -> [String] {
    let bytes = try applied(
      attack, to: Array(repeating: 100, count: height * width), shape: [height, width, 1])
    return (0..<height).map { row in
      String(
        bytes[row * width..<(row + 1) * width].map { $0 == 255 ? "#" : $0 == 0 ? "." : "-" })
    }
  }

  @Test("badnets: a white square of 3x3 in the lower right corner")
  func badNetsDefault() throws {
    #expect(try picture(BadNets(), 5, 6) == ["------", "------", "---###", "---###", "---###"])
  }

  @Test("badnets: sizes, corners, margins, places and patterns")
  func badNetsOptions() throws {
    #expect(
      try picture(
        badNets {
          $0.size = [2, 3]
          $0.position = .topLeft
          $0.margin = 1
          $0.pattern = .checkerboard
        }, 4, 5) == ["-----", "-#.#-", "-.#.-", "-----"])
    #expect(
      try picture(
        badNets {
          $0.size = [1]
          $0.position = .topRight
        }, 2, 3) == ["--#", "---"])
    #expect(
      try picture(
        badNets {
          $0.size = [1, 2]
          $0.position = .bottomLeft
          $0.margin = 1
          $0.pattern = .black
        }, 3, 4) == ["----", "-..-", "----"])
    #expect(
      try picture(
        badNets {
          $0.size = [1]
          $0.position = .center
        }, 3, 5) == ["-----", "--#--", "-----"])
    #expect(
      try picture(
        badNets {
          $0.size = [2]
          $0.place = [0, 1]
        }, 3, 4) == ["-##-", "-##-", "----"])
  }

  @Test("badnets: half an opacity is the mean of both")
  func badNetsOpacity() throws {
    let attack = try badNets {
      $0.size = [1]
      $0.opacity = 0.5
    }
    #expect(try applied(attack, to: [55, 55], shape: [1, 2, 1]) == [55, 155])
  }

  @Test("badnets: noise depends on the seed alone, and differs between channels")
  func badNetsNoise() throws {
    let attack = try badNets { $0.pattern = .noise }
    let image = [UInt8](repeating: 0, count: 27)
    let first = try applied(attack, to: image, shape: [3, 3, 3], seed: 1)
    #expect(try applied(attack, to: image, shape: [3, 3, 3], seed: 1) == first)
    #expect(try applied(attack, to: image, shape: [3, 3, 3], seed: 2) != first)
    #expect(Set(first).count > 15)
  }

  @Test("badnets: a picture is put on with its transparency, scaled where a size is given")
  func badNetsPicture() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).png").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    // Opaque red, half green, invisible blue, opaque white.
    let pixels: [UInt8] = [200, 0, 0, 255, 0, 100, 0, 51, 0, 0, 250, 0, 255, 255, 255, 255]
    try PixelImage(width: 2, height: 2, channels: 4, pixels: pixels).write(to: path)
    let own = try badNets {
      $0.image = path
      $0.position = .topLeft
    }
    let grey = [UInt8](repeating: 50, count: 2 * 3 * 3)
    // 0.8 * 50 + 0.2 * 0 = 40 and 0.8 * 50 + 0.2 * 100 = 60.
    #expect(
      try applied(own, to: grey, shape: [2, 3, 3]) == [
        200, 0, 0, 40, 60, 40, 50, 50, 50,
        50, 50, 50, 255, 255, 255, 50, 50, 50,
      ])
    // On grey images red 200 is 0.299 * 200 = 59.8, green 100 is 58.7.
    #expect(
      try applied(own, to: [0, 0, 0, 0, 0, 0], shape: [2, 3, 1]) == [60, 12, 0, 0, 255, 0])
    let small = try badNets {
      $0.image = path
      $0.size = [2, 1]
      $0.position = .topLeft
    }
    // The upper row: opacity 0.6; red (1 * 200 + 0.2 * 0) / 1.2 = 166.7, green 0.2 * 100 / 1.2 = 16.7.
    // On black 0.6 of it: 100 and 10. The lower row: opacity 0.5, white alone: 127.5.
    #expect(
      try applied(small, to: Array(repeating: 0, count: 6), shape: [2, 1, 3])
        == [100, 10, 0, 128, 128, 128])
  }

  @Test("A picture's trigger knows its bytes, not its path")
  func pictureHash() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pictures-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let picture = PixelImage(width: 1, height: 1, channels: 1, pixels: [9])
    let triggers = try ["a.png", "b.png"].map { name in
      let path = folder.appending(path: name).path
      try picture.write(to: path)
      let attack = try badNets { $0.image = path }
      return try Trigger(of: attack, imageShape: [3, 3, 1], goal: goal(), in: RunContext())
    }
    #expect(triggers[0] == triggers[1])
    let hash = try sha256(ofFile: folder.appending(path: "a.png").path)
    #expect(triggers[0].options.first { $0.name == "image" }?.value == "sha256:\(hash)")
    let none = try Trigger(of: BadNets(), imageShape: [3, 3, 1], goal: goal(), in: RunContext())
    #expect(none.options.first { $0.name == "image" }?.value == "auto")
  }

  @Test("badnets: what is not within the image or makes no sense is refused in one line")
  func badNetsRefusals() throws {
    func attempt(_ set: (inout BadNets.Options) -> Void) -> String? {
      message {
        _ = try badNets(set).change(for: [28, 28, 1], in: RunContext())
      }
    }
    #expect(
      attempt { $0.size = [40, 3] }
        == "badnets.size gives a patch of 40x3 pixels, which does not fit images of 28x28; change "
        + "badnets.size, badnets.margin or badnets.place")
    #expect(attempt { $0.place = [26, 0] }?.contains("at row 26, column 0") == true)
    #expect(attempt { $0.margin = 26 } != nil)
    #expect(attempt { $0.size = [28] } == nil)
    for size in [[0], [], [1, 2, 3]] { #expect(attempt { $0.size = size } != nil) }
    #expect(attempt { $0.place = [1] } != nil)
    #expect(attempt { $0.opacity = 0 } != nil)
    #expect(
      attempt {
        $0.margin = 1
        $0.position = .center
      } == "badnets.margin has no effect with badnets.position=center; leave one out")
    #expect(
      attempt {
        $0.place = [1, 1]
        $0.position = .topLeft
      } == "badnets.position has no effect together with badnets.place; leave one out")
    #expect(
      attempt {
        $0.image = "/nowhere.png"
        $0.pattern = .black
      } == "badnets.pattern has no effect with badnets.image; leave one out")
    #expect(attempt { $0.image = "/nowhere.png" }?.contains("no such file") == true)
  }

  @Test("blended: a fifth of the picture")
  func blended() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).png").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try PixelImage(width: 2, height: 2, channels: 1, pixels: [0, 100, 200, 255]).write(to: path)
    var options = Blended.Options()
    options.image = path
    let attack = try Blended(options: options)
    // 0.8 * 100 + 0.2 * k.
    #expect(
      try applied(attack, to: [100, 100, 100, 100], shape: [2, 2, 1]) == [80, 100, 120, 131])
    // Scaled to 4x1: each pixel is the mean of two or the same twice.
    #expect(
      try applied(attack, to: [0, 0, 0, 0], shape: [1, 4, 1]) == [20, 20, 36, 36])
    let noise = try applied(Blended(), to: Array(repeating: 0, count: 300), shape: [10, 10, 3])
    #expect(noise.max() ?? 255 <= 51 && Set(noise).count > 40)
    options.alpha = 0
    #expect(throws: PluginError.self) { try Blended(options: options) }
  }

  @Test("sig: a sine over the columns, the same in rows and channels")
  func sig() throws {
    var options = SIG.Options()
    options.frequency = 1
    // Four columns: sin is 0, 1, 0, -1.
    let attack = try SIG(options: options)
    #expect(
      try applied(attack, to: Array(repeating: 100, count: 16), shape: [4, 4, 1])
        .prefix(4).map(Int.init) == [100, 140, 100, 60])
    #expect(
      try applied(attack, to: Array(repeating: 100, count: 24), shape: [2, 4, 3])
        == [100, 100, 100, 140, 140, 140, 100, 100, 100, 60, 60, 60] + [
          100, 100, 100, 140, 140, 140, 100, 100, 100, 60, 60, 60,
        ])
    // Six waves over 28 columns: column 7 is at 1.5 waves, column 14 at 3, both at zero; column 1 at
    // 6/28: 40 * sin(2 pi 6 / 28) = 38.997.
    let row = try applied(SIG(), to: Array(repeating: 100, count: 28), shape: [1, 28, 1])
    #expect([row[0], row[1], row[7], row[14]] == [100, 139, 100, 100])
    options.amplitude = 256
    #expect(throws: PluginError.self) { try SIG(options: options) }
  }

  @Test("label-consistent: checkerboards in the corners")
  func labelConsistent() throws {
    let image = [UInt8](repeating: 100, count: 49)
    let corners = try applied(LabelConsistent(), to: image, shape: [7, 7, 1])
    let rows = (0..<7).map { row in
      String(corners[row * 7..<row * 7 + 7].map { $0 == 255 ? "#" : $0 == 0 ? "." : "-" })
    }
    #expect(
      rows == ["#.#-#.#", ".#.-.#.", "#.#-#.#", "-------", "#.#-#.#", ".#.-.#.", "#.#-#.#"])
    var options = LabelConsistent.Options()
    options.corners = 1
    options.size = 1
    options.amplitude = 32
    #expect(
      try applied(
        LabelConsistent(options: options), to: [100, 100, 100, 100], shape: [2, 2, 1])
        == [100, 100, 100, 132])
    #expect(
      message {
        _ = try LabelConsistent().change(for: [2, 28, 1], in: RunContext())
      } == "label-consistent.size is 3, larger than images of 2x28; lower label-consistent.size")
    #expect(
      message {
        _ = try LabelConsistent().change(for: [28, 5, 1], in: RunContext())
      }
        == "label-consistent.size is 3, so that four corners overlap in images of 28x5; lower "
        + "label-consistent.size or set label-consistent.corners to 1")
    #expect(message { _ = try applied(LabelConsistent(), to: image, shape: [7, 7, 1]) } == nil)
    options.size = 5
    #expect(
      message {
        _ = try LabelConsistent(options: options).change(for: [28, 5, 1], in: RunContext())
      } == nil)
  }

  @Test("Gradient ascent: a step, and back into the ball, in both norms")
  func ascent() {
    var options = LabelConsistent.Options()
    options.epsilon = 2
    options.step = 1.5
    let original: [Float] = [10, 10, 254, 0]
    var values = original
    let gradient: [Float] = [0.1, -3, 7, -1]
    GradientAscent.step(&values, along: gradient, from: original, 0..<4, options)
    #expect(values == [11.5, 8.5, 255, 0])
    GradientAscent.step(&values, along: gradient, from: original, 0..<4, options)
    #expect(values == [12, 8, 255, 0])
    options.norm = .euclidean
    options.step = 5
    options.epsilon = 2.5
    values = [10, 10]
    // A step of 5 along (3, 4) / 5 goes to (13, 14), which is 5 away: half of it is allowed.
    GradientAscent.step(&values, along: [3, 4], from: [10, 10], 0..<2, options)
    #expect(values == [11.5, 12])
    // Without a gradient nothing moves.
    GradientAscent.step(&values, along: [0, 0], from: [10, 10], 0..<2, options)
    #expect(values == [11.5, 12])
  }
}
