import CKernels
import Testing

@testable import InferenceGraph

/// The tests are built with DK_CHECKED: a kernel that is called wrongly ends the program.
@Suite("Kernels refuse what they would get wrong") struct KernelTests {
  @Test func convolutionOfPartOfAGroup() async {
    await #expect(processExitsWith: .failure) {
      let numbers = Storage<Float>(count: 16 * 16)
      let indices = Storage<Int32>(count: 16)
      let tiles = Storage<Int32>([1])
      var convolution = unsafe dk_convolution(
        taps: 1, offsets: indices.pointer, pixels: 3, input_pixels: indices.pointer,
        output_pixels: indices.pointer, tiles: 1, tile_channels: tiles.pointer,
        weights: numbers.pointer, bias: numbers.pointer, scale: nil, shift: nil, channel_pitch: 16,
        pool: false, accumulate: false, activation: Activation.linear.kernel)
      unsafe kernels.convolve(&convolution, numbers.pointer, numbers.pointer)
    }
  }

  @Test func tileTooWide() async {
    await #expect(processExitsWith: .failure) {
      let numbers = Storage<Float>(count: 16 * 16)
      let indices = Storage<Int32>(count: 16)
      let tiles = Storage<Int32>([7])
      unsafe kernels.gather_weights(
        numbers.pointer, 1, indices.pointer, 1, 1, tiles.pointer, numbers.pointer)
    }
  }

  @Test func windowOutsideOfTheImage() async {
    await #expect(processExitsWith: .failure) {
      let numbers = Storage<Float>(count: 16 * 16)
      let image = dk_image(height: 2, width: 2, channels: 1, pitch: 16, border: Border())
      unsafe kernels.pool(numbers.pointer, image, numbers.pointer, image, 2, 2, 2, 2, 0, 0, false)
    }
  }

  @Test func lengthThatIsNoMultipleOfALaneVector() async {
    await #expect(processExitsWith: .failure) {
      let numbers = Storage<Float>(count: 32)
      _ = unsafe kernels.square_sum(numbers.pointer, 17)
    }
  }
}
