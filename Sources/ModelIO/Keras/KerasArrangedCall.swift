/// What a layer reads, and how its result lies.
struct KerasArrangedCall {
  var layer: KerasLayer
  var inputs: [Int]
  /// How an image that it gives lies; nil as in Keras.
  var image: KerasArrangement?
  /// How a vector that it gives lies; nil as in Keras.
  var vector: KerasArrangement?
  /// The shape of the image whose elements it reads as a vector, in our order.
  var flattened: [Int]?
}
