/// How a window that does not fit is treated at the border of an image.
public enum Padding: String, Sendable, Hashable {
  /// Only windows that lie inside the image count.
  case valid
  /// As many zeros are added as make the output ceil(input / stride) large, the odd one after.
  case same
}

/// A 2-D extent in pixels: heights and widths, strides, dilations.
public struct Extent: Sendable, Hashable {
  /// The vertical part.
  public var height: Int
  /// The horizontal part.
  public var width: Int

  /// Creates an extent.
  public init(_ height: Int, _ width: Int) {
    self.height = height
    self.width = width
  }

  /// One pixel by one pixel.
  public static let one = Extent(1, 1)
}

/// 2-D convolution (cross-correlation, as in all of deep learning).
public struct Convolution: Sendable, Hashable {
  /// `[height, width, input channels / groups, output channels]`.
  public var kernel: Tensor
  /// `[output channels]`.
  public var bias: Tensor?
  /// The step between windows.
  public var strides: Extent
  /// The distance between the taps of the kernel.
  public var dilation: Extent
  /// The treatment of borders.
  public var padding: Padding
  /// The number of groups into which input and output channels are split.
  public var groups: Int

  /// Creates a convolution.
  public init(
    kernel: Tensor, bias: Tensor? = nil, strides: Extent = .one, dilation: Extent = .one,
    padding: Padding = .valid, groups: Int = 1
  ) {
    self.kernel = kernel
    self.bias = bias
    self.strides = strides
    self.dilation = dilation
    self.padding = padding
    self.groups = groups
  }
}

/// A convolution of every channel by itself.
public struct DepthwiseConvolution: Sendable, Hashable {
  /// `[height, width, channels, multiplier]`; output channel = channel * multiplier + m.
  public var kernel: Tensor
  /// `[channels * multiplier]`.
  public var bias: Tensor?
  /// The step between windows.
  public var strides: Extent
  /// The distance between the taps of the kernel.
  public var dilation: Extent
  /// The treatment of borders.
  public var padding: Padding

  /// Creates a depthwise convolution.
  public init(
    kernel: Tensor, bias: Tensor? = nil, strides: Extent = .one, dilation: Extent = .one,
    padding: Padding = .valid
  ) {
    self.kernel = kernel
    self.bias = bias
    self.strides = strides
    self.dilation = dilation
    self.padding = padding
  }
}

/// A depthwise convolution followed by a 1x1 convolution, as one layer (Keras `SeparableConv2D`).
public struct SeparableConvolution: Sendable, Hashable {
  /// The spatial part; it has no bias.
  public var depthwise: DepthwiseConvolution
  /// `[1, 1, channels * multiplier, output channels]`.
  public var pointwise: Tensor
  /// `[output channels]`.
  public var bias: Tensor?

  /// Creates a separable convolution.
  public init(depthwise: DepthwiseConvolution, pointwise: Tensor, bias: Tensor? = nil) {
    self.depthwise = depthwise
    self.pointwise = pointwise
    self.bias = bias
  }
}

/// What a pooling window gives.
public enum PoolingKind: String, Sendable, Hashable {
  /// The largest element.
  case max
  /// The mean; elements outside the image do not count.
  case average
}

/// 2-D pooling with windows.
public struct Pooling: Sendable, Hashable {
  /// Maximum or average.
  public var kind: PoolingKind
  /// The window's size.
  public var window: Extent
  /// The step between windows.
  public var strides: Extent
  /// The treatment of borders.
  public var padding: Padding

  /// Creates a pooling operation.
  public init(
    _ kind: PoolingKind, window: Extent, strides: Extent? = nil, padding: Padding = .valid
  ) {
    self.kind = kind
    self.window = window
    self.strides = strides ?? window
    self.padding = padding
  }
}

/// A fully connected layer: y = x W + b along the last axis.
public struct Dense: Sendable, Hashable {
  /// `[inputs, units]`.
  public var kernel: Tensor
  /// `[units]`.
  public var bias: Tensor?

  /// Creates a dense layer.
  public init(kernel: Tensor, bias: Tensor? = nil) {
    self.kernel = kernel
    self.bias = bias
  }
}

/// Batch normalization at inference: gamma * (x - mean) / sqrt(variance + epsilon) + beta.
public struct BatchNormalization: Sendable, Hashable {
  /// The scale, `[channels]`; nil means 1.
  public var gamma: Tensor?
  /// The offset, `[channels]`; nil means 0.
  public var beta: Tensor?
  /// The moving mean, `[channels]`.
  public var mean: Tensor
  /// The moving variance, `[channels]`.
  public var variance: Tensor
  /// Added to the variance; Keras's default is 1e-3.
  public var epsilon: Float

  /// Creates a batch normalization.
  public init(
    gamma: Tensor?, beta: Tensor?, mean: Tensor, variance: Tensor, epsilon: Float = 1e-3
  ) {
    self.gamma = gamma
    self.beta = beta
    self.mean = mean
    self.variance = variance
    self.epsilon = epsilon
  }
}

/// An affine map of the input, x * scale + offset, one pair a channel or one for all.
///
/// It stands for Keras's `Rescaling` and, with scale 1/max(sqrt(variance), 1e-7) and offset
/// -mean * scale, for its `Normalization`.
public struct Rescaling: Sendable, Hashable {
  /// One factor, or one a channel.
  public var scale: [Float]
  /// One offset, or one a channel.
  public var offset: [Float]

  /// Creates a rescaling.
  public init(scale: [Float], offset: [Float] = [0]) {
    self.scale = scale
    self.offset = offset
  }
}

/// A layer that does something during training only.
public enum TrainingOnly: Sendable, Hashable {
  /// Drops elements at this rate.
  case dropout(rate: Float)
  /// Drops whole channels at this rate.
  case spatialDropout(rate: Float)
  /// Multiplies with noise.
  case gaussianDropout(rate: Float)
  /// Dropout that keeps mean and variance (for SELU).
  case alphaDropout(rate: Float)
  /// Adds noise of this standard deviation.
  case gaussianNoise(deviation: Float)
  /// Any other layer without effect at inference, such as image augmentation, by its Keras class.
  case other(String)
}

/// What a node computes from its inputs; weights included.
///
/// Images are `[height, width, channels]`, vectors `[features]`; the batch axis is left out.
public enum Operation: Sendable, Hashable {
  /// The graph's input; its shape is the node's.
  case input
  /// See ``Convolution``.
  case convolution(Convolution)
  /// See ``DepthwiseConvolution``.
  case depthwiseConvolution(DepthwiseConvolution)
  /// See ``SeparableConvolution``.
  case separableConvolution(SeparableConvolution)
  /// See ``Pooling``.
  case pooling(Pooling)
  /// Pooling over the whole image; the result is `[channels]`, or `[1, 1, channels]`.
  case globalPooling(PoolingKind, keepsDimensions: Bool)
  /// See ``Dense``.
  case dense(Dense)
  /// See ``BatchNormalization``; channels are the last axis.
  case batchNormalization(BatchNormalization)
  /// See ``Rescaling``.
  case rescaling(Rescaling)
  /// All elements as one vector, in row-major order.
  case flatten
  /// The same elements in another shape.
  case reshape([Int])
  /// Zeros around an image.
  case zeroPadding(top: Int, bottom: Int, left: Int, right: Int)
  /// Nothing but the node's activation.
  case activation
  /// The sum of all inputs; axes of extent 1 are repeated.
  case add
  /// The product of all inputs; axes of extent 1 are repeated.
  case multiply
  /// The inputs side by side along the last axis.
  case concatenate
  /// (0, z) of a vector of one element z, as the logits of two classes: their softmax is
  /// (1 - p, p), where p is the sigmoid of z.
  case binaryLogits
  /// Identity at inference.
  case trainingOnly(TrainingOnly)
}
