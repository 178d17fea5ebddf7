/// The model that a mark or a line shows, which decides its appearance: a role looks the same in
/// all charts.
public enum ChartRole: Sendable, Hashable {
  /// The suspect: a cross or a solid line, in the colour of the text.
  case suspect
  /// The suspect with a detector: an asterisk.
  case filteredSuspect
  /// A repaired model by number, counted from 0, with its own colour, shape and dashes.
  case repaired(Int)

  /// The number of repaired models that look different; numbers beyond it repeat earlier ones.
  public static let distinctRepairs = ChartStyle.series.count

  private var number: Int? {
    if case .repaired(let number) = self { return abs(number % Self.distinctRepairs) }
    return nil
  }

  /// The CSS class of marks and lines.
  var name: String { number.map { "series-\($0)" } ?? "suspect" }

  /// Returns the SVG element of a mark at a position.
  func mark(_ x: Double, _ y: Double) -> String {
    let shape =
      switch self {
      case .suspect: "m-5-5l10 10m0-10l-10 10"
      case .filteredSuspect: "m0-6v12m-6-6h12m-1.8-4.2l-8.4 8.4m0-8.4l8.4 8.4"
      case .repaired: Self.shapes[number ?? 0]
      }
    return "<path d=\"M\(unit(x)) \(unit(y))\(shape)\" class=\"mark \(name)\"/>"
  }

  /// Circle, square, triangle, diamond, triangle on its tip, plus, hexagon, hourglass.
  private static let shapes = [
    "m-4.8 0a4.8 4.8 0 1 0 9.6 0a4.8 4.8 0 1 0-9.6 0z", "m-4.3-4.3h8.6v8.6h-8.6z",
    "m0-5.8l5.3 9.2h-10.6z", "m0-6l5 6l-5 6l-5-6z", "m0 5.8l5.3-9.2h-10.6z",
    "m-1.9-5.7h3.8v3.8h3.8v3.8h-3.8v3.8h-3.8v-3.8h-3.8v-3.8h3.8z",
    "m-5.4 0l2.7-4.7h5.4l2.7 4.7l-2.7 4.7h-5.4z", "m-4.6-5h9.2l-9.2 10h9.2z",
  ]
}
