/// The pixels of a convolution, in the groups that the kernel computes at once: the offsets of each
/// pixel's window and of its result, in floats.
package struct PixelTable: Sendable {
  let input: Storage<Int32>
  let output: Storage<Int32>
  /// Whether each output pixel pools four consecutive windows.
  let arePooled: Bool

  /// The number of windows: 1 or whole groups.
  var count: Int { input.count }

  /// Completes the last group by repeating the last pixel, which is then computed more than once.
  package init(input: [Int32], output: [Int32], arePooled: Bool = false) {
    precondition(
      input.count == output.count * (arePooled ? pixelGroup : 1),
      "\(input.count) windows for \(output.count) pixels")
    var (input, output) = (input, output)
    if !arePooled && input.count > 1 {
      input.fillGroup()
      output.fillGroup()
    }
    self.input = Storage(input)
    self.output = Storage(output)
    self.arePooled = arePooled
  }
}
