/// The order of the colours in an image's channels.
public enum ColourOrder: String, Sendable, Hashable, Codable, CaseIterable {
  /// Red, green, blue: that of image files and data sets.
  case rgb
  /// Blue, green, red: that of OpenCV and Caffe.
  case bgr
}
