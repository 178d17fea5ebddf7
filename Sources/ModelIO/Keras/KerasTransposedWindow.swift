import InferenceGraph

/// The window of Keras's `Conv2DTranspose`, and the padding of the equivalent convolution.
///
/// A transposed convolution is a convolution with the flipped kernel over the image with zeros
/// between its pixels: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning",
/// 2016.
struct KerasTransposedWindow {
  let size: Extent
  let strides: Extent
  /// Either `valid` or `same`.
  let padding: Padding
  /// The number of rows and columns added to the result; nil for Keras's default size.
  let outputPadding: Extent?

  init(
    _ size: Extent, strides: Extent, padding: Padding = .valid, outputPadding: Extent? = nil
  ) {
    self.size = size
    self.strides = strides
    self.padding = padding
    self.outputPadding = outputPadding
  }

  /// Returns the padding of the convolution over an image of this size before zero insertion.
  func explicitPadding(height: Int, width: Int) -> Padding {
    let rows = axis(height, size.height, strides.height, outputPadding?.height)
    let columns = axis(width, size.width, strides.width, outputPadding?.width)
    return .explicit(
      top: rows.before, bottom: rows.after, left: columns.before, right: columns.after)
  }

  /// Returns the zeros before and after an image of `extent` pixels, along one axis.
  private func axis(
    _ extent: Int, _ taps: Int, _ stride: Int, _ outputPadding: Int?
  ) -> (before: Int, after: Int) {
    // The extent of the full result, which is cropped, or padded with zeros, to `count`.
    let full = (extent - 1) * stride + taps
    let count: Int
    if let outputPadding {
      count = full - (padding == .same ? taps / 2 * 2 : 0) + outputPadding
    } else {
      count = padding == .same ? extent * stride : full + max(stride - taps, 0)
    }
    let cut = padding == .same ? max(full - count, 0) / 2 : 0
    return (taps - 1 - cut, count - full + cut + taps - 1)
  }

  var config: [String: JSON] {
    [
      "kernel_size": JSON([size.height, size.width]),
      "strides": JSON([strides.height, strides.width]),
      "padding": padding == .same ? "same" : "valid",
      "output_padding": outputPadding.map { JSON([$0.height, $0.width]) } ?? .null,
      "dilation_rate": [1, 1], "data_format": "channels_last", "activation": "linear",
    ]
  }

  /// Finds the transposed convolution that equals `c` over an image with zeros inserted; nil if
  /// Keras has none.
  ///
  /// - Parameters:
  ///   - strides: The distances between the image's pixels after zero insertion.
  ///   - shape: The image's shape before zero insertion.
  init?(_ c: Convolution, strides: Extent, over shape: [Int]) {
    guard c.strides == .one, c.dilation == .one, c.groups == 1 else { return nil }
    let size = Extent(c.kernel.shape[0], c.kernel.shape[1])
    let window = Window(size, padding: c.padding)
    let inserted = Extent((shape[0] - 1) * strides.height + 1, (shape[1] - 1) * strides.width + 1)
    let (rows, columns) = (window.rows(inserted.height), window.columns(inserted.width))
    // TensorFlow requires that "same" windows over the result are as many as the image's pixels.
    let fitsSame =
      (rows.count + strides.height - 1) / strides.height == shape[0]
      && (columns.count + strides.width - 1) / strides.width == shape[1]
    for padding in fitsSame ? [Padding.same, .valid] : [.valid] {
      let shrinking = padding == .same ? 2 : 0
      // The output padding that gives the actual size of the result.
      let more = Extent(
        rows.count - inserted.height + 1 - size.height + size.height / 2 * shrinking,
        columns.count - inserted.width + 1 - size.width + size.width / 2 * shrinking)
      let isAllowed =
        (0..<strides.height).contains(more.height) && (0..<strides.width).contains(more.width)
      for outputPadding in [nil, isAllowed ? more : nil] {
        let candidate = KerasTransposedWindow(
          size, strides: strides, padding: padding, outputPadding: outputPadding)
        let same = Window(
          size, padding: candidate.explicitPadding(height: shape[0], width: shape[1]))
        if same.rows(inserted.height) == rows, same.columns(inserted.width) == columns {
          self = candidate
          return
        }
      }
    }
    return nil
  }
}

extension Tensor {
  /// A kernel `[height, width, a, b]`, flipped and with its last two axes exchanged: converts
  /// Keras's transposed convolution to a convolution, or back.
  var transposedKernel: Tensor {
    let (taps, rows, columns) = (shape[0] * shape[1], shape[2], shape[3])
    var result: [Float] = []
    result.reserveCapacity(count)
    for tap in (0..<taps).reversed() {
      for column in 0..<columns {
        for row in 0..<rows { result.append(values[(tap * rows + row) * columns + column]) }
      }
    }
    return Tensor(shape: [shape[0], shape[1], columns, rows], values: result)
  }
}
