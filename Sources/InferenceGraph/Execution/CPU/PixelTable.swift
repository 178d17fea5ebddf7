/// The pixels of a convolution in the groups that its kernel computes at once: where each one's
/// window begins and where its result goes, in floats.
package struct PixelTable: Sendable {
  let input: Storage<Int32>
  let output: Storage<Int32>
  /// Whether four windows, one after another, belong to each output pixel.
  let arePooled: Bool

  /// The number of windows: 1 or whole groups.
  var count: Int { input.count }

  /// Fills the last group with its last pixel, which is then computed and stored again.
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
