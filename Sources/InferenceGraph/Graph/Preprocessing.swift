/// What happens to an image before it enters a network.
///
/// Image files are fitted to its size; the colours get its order; values become (value * scale -
/// mean) / deviation, channel by channel, as torchvision's `ToTensor` and `Normalize` do.
///
/// It belongs to the model but is not in its file.
public struct Preprocessing: Sendable, Hashable, Codable {
  /// The factor that a data set's values are multiplied by: 1/255 for a network that was trained on
  /// 0...1.
  public var scale: Float
  /// What is subtracted after scaling: one value, or one for each channel in the network's order.
  /// Empty: 0.
  public var mean: [Float]
  /// What the differences are divided by: one value, or one for each channel in the network's
  /// order. Empty: 1.
  public var deviation: [Float]
  /// How image files become images of the network's size, before everything else.
  public var fitting: ImageFitting
  /// The order in which the network takes colours.
  public var channels: ColourOrder

  /// Creates preprocessing; without arguments, one that changes nothing.
  public init(
    scale: Float = 1, mean: [Float] = [], deviation: [Float] = [],
    fitting: ImageFitting = ImageFitting(), channels: ColourOrder = .rgb
  ) {
    self.fitting = fitting
    self.channels = channels
    self.scale = scale
    self.mean = mean
    self.deviation = deviation
  }

  /// Whether only ``scale`` changes values.
  public var isScaling: Bool { channels == .rgb && !isNormalizing }

  private var isNormalizing: Bool { mean.contains { $0 != 0 } || deviation.contains { $0 != 1 } }

  /// Returns what keeps it from being applied to images of a shape, channels last; nil if it can be.
  public func problem(for imageShape: [Int]) -> String? {
    let count = imageShape.last ?? 0
    for (name, values) in [("mean", mean), ("deviation", deviation)]
    where ![0, 1, count].contains(values.count) {
      return "the \(name) has \(values.count) values for images of \(count) channels"
    }
    if channels == .bgr, count != 3 {
      return "the order of colours is bgr for images of \(count) channels"
    }
    if !scale.isFinite || scale <= 0 { return "the scale is \(scale), not a number over 0" }
    if !mean.allSatisfy(\.isFinite) { return "the mean is not finite" }
    if !deviation.allSatisfy({ $0.isFinite && $0 > 0 }) { return "a deviation is not over 0" }
    return nil
  }

  /// The operations that follow scaling.
  var operations: [Graph.Operation] {
    (channels == .bgr ? [.rearrange(.selection(axis: -1, indices: [2, 1, 0]))] : [])
      + (normalization.map { [.rescaling($0)] } ?? [])
  }

  private var normalization: Rescaling? {
    guard isNormalizing else { return nil }
    let count = Swift.max(mean.count, deviation.count)
    let mean = Self.repeated(mean, count, default: 0)
    let deviation = Self.repeated(deviation, count, default: 1)
    return Rescaling(
      scale: deviation.map { 1 / $0 }, offset: zip(mean, deviation).map { -$0 / $1 })
  }

  private static func repeated(_ values: [Float], _ count: Int, default: Float) -> [Float] {
    values.count == count
      ? values : Array(repeating: values.first ?? `default`, count: count)
  }
}

extension Preprocessing: CustomStringConvertible {
  /// For example `scale 1/255, mean 0.5, deviation 0.25`.
  public var description: String {
    let sizes = "\(fitting)"
    let order = channels == .rgb ? [] : ["channels \(channels.rawValue)"]
    var parts = (sizes.isEmpty ? [] : [sizes]) + order + ["scale \(Self.text(scale))"]
    if !mean.isEmpty { parts.append("mean \(mean.map(Self.text).joined(separator: ","))") }
    if !deviation.isEmpty {
      parts.append("deviation \(deviation.map(Self.text).joined(separator: ","))")
    }
    return parts.joined(separator: ", ")
  }

  /// Returns a value as a user would write it: `1`, `0.5`, `1/255`.
  package static func text(_ value: Float) -> String {
    if value == 1 / 255 { return "1/255" }
    return value == value.rounded() && abs(value) < 1e6 ? "\(Int(value))" : "\(value)"
  }
}
