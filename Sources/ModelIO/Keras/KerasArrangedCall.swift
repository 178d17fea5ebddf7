/// A call of a layer in our layout: the layer, its inputs, and the arrangement of its result.
struct KerasArrangedCall {
  var layer: KerasLayer
  var inputs: [Int]
  /// The arrangement of the result if it is an image; nil if it is Keras's.
  var image: KerasArrangement?
  /// The arrangement of the result if it is a vector; nil if it is Keras's.
  var vector: KerasArrangement?
  /// The shape, `[height, width, channels]`, of the image that the input vector flattens; nil if it
  /// does not.
  var flattened: [Int]?
}
