extension Trigger {
  /// The most cells of a sketch along an axis.
  private static let largestSketch = 16

  /// An overlay as lines of text, a cell of two columns for one pixel or a square of some: ` ·`
  /// where less than a quarter is covered, else a shade from `░░`, black, to `██`, white; nil for
  /// another change.
  var sketch: [String]? {
    guard case .overlay(let pattern, let alpha) = change else { return nil }
    let (height, width, channels) = (imageShape[0], imageShape[1], imageShape[2])
    let step = (max(height, width) + Self.largestSketch - 1) / Self.largestSketch
    let shades = ["░░", "▒▒", "▓▓", "██"]
    return stride(from: 0, to: height, by: step).map { top in
      let cells = stride(from: 0, to: width, by: step).map { left -> String in
        var (count, opacity, brightness): (Float, Float, Float) = (0, 0, 0)
        for row in top..<min(top + step, height) {
          for column in left..<min(left + step, width) {
            let pixel = row * width + column
            count += 1
            opacity += alpha[pixel]
            for value in pattern[pixel * channels..<(pixel + 1) * channels] {
              brightness += alpha[pixel] * value / Float(channels)
            }
          }
        }
        guard opacity >= count / 4 else { return " ·" }
        let share = brightness / opacity / 255
        return shades[max(0, min(shades.count - 1, Int(share * Float(shades.count))))]
      }
      return cells.joined()
    }
  }
}
