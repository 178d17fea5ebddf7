internal import ArgumentParser
internal import DefenseKit

/// Shows what is read of a data set.
struct DataCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "data", abstract: "Show what is read of a data set.",
      discussion: discussion(
        """
        Takes what --clean, --test, --poisoned and --train take, and needs no model. Prints the \
        images' number, shape and values, and how many there are of each class.
        """))
  }

  static var examples: [Example] {
    [
      Example("What a data set holds", "data test.h5"),
      Example(
        "A picture of ten images of each class in a folder of class folders",
        "data photos --labels numeric --sheet photos.png"),
    ]
  }

  @Argument(
    help: ArgumentHelp("HDF5 or NumPy file, or folder of images.", valueName: "path"),
    completion: .dataSet)
  var path: String

  @OptionGroup var reading: DataArguments

  @Option(help: "Part to read of a data set that has both: training or test images.")
  var part: DataPart = .test

  @Option(
    help: ArgumentHelp(
      "Picture to write, of up to 10 images of each class (PNG).", valueName: "file"),
    completion: .file(extensions: ["png"]))
  var sheet: String?

  @Flag(help: "Print the properties as JSON.")
  var json = false

  @Flag(help: "Replace an existing picture.")
  var force = false

  @OptionGroup var parsing: ParsingArguments

  @OptionGroup var common: CommonArguments

  func run(in session: Session) throws {
    try reading.check([], besides: ["data"])
    if let sheet {
      try OutputFile.check(sheet, option: "--sheet", inputs: [path], force: force)
    }
    let place = DataPlace(path)
    let context = context(parsing)
    let format = reading.format
    let summary = try context.phase("reading", images: 0) { _ in
      try DataSummary(
        of: place.path, layout: format.layout, keys: format.keys(of: "data"), part: part,
        naming: format.labels ?? .sorted, fitting: format.fitting, range: place.range,
        sandbox: parsing.sandbox)
    }
    parsing.warn(in: context)
    for note in summary.data.notes { context.warn(note) }
    if let sheet {
      let picture = try context.phase("drawing", images: 0) { _ in
        try ContactSheet.byClass(of: summary.data).pixelImage().png()
      }
      try AtomicFile.write(picture, to: sheet)
    }
    try StandardOutput.write(json ? summary.json.text : Style.output.headed(Self.text(summary)))
  }

  /// Returns the properties as text.
  static func text(_ summary: DataSummary) -> String {
    let data = summary.data
    let shape = data.imageShape.map(String.init).joined(separator: "x")
    let order = data.layout == .nchw ? "channels first" : "channels last"
    var lines = [
      "images   \(grouped(data.count)), \(shape) (height x width x channels), \(order)",
      "arrays   images in '\(summary.keys.images.visible)', "
        + (data.isLabelled ? "classes in '\(summary.keys.labels.visible)'" : "no classes"),
      "values   \(summary.type), \(number(summary.smallest)) to \(number(summary.largest)), "
        + "mean \(number(summary.mean))",
    ]
    if !summary.hasNames { lines.remove(at: 1) }
    if summary.nonfinite > 0 {
      lines.append("         \(grouped(summary.nonfinite)) are NaN or infinite")
    }
    if let flags = data.isPoisoned {
      lines.append("poisoned \(grouped(flags.count { $0 })) of \(grouped(flags.count))")
    }
    lines.append("SHA-256  \(summary.sha256)")
    guard data.isLabelled else {
      return lines.joined(separator: "\n") + "\nclasses  none\n"
    }
    let used = summary.classes.count { $0.images > 0 }
    let all = summary.classes.count
    lines.append(
      "classes  \(grouped(all))" + (used == all ? "" : ", \(grouped(used)) of them with images"))
    let named = summary.classes.contains { $0.name != nil }
    lines += ["", "class   images" + (named ? "  name" : "")]
    lines += summary.classes.map { item in
      "\(item.label)".padded(to: 5) + grouped(item.images).padded(to: 9)
        + (item.name.map { "  \($0.visible)" } ?? "")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Formats a number with up to four decimals; "none" without one.
  private static func number(_ value: Float?) -> String {
    guard let value else { return "none" }
    let rounded = (Double(value) * 10_000).rounded() / 10_000
    return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int(rounded))" : "\(rounded)"
  }
}
