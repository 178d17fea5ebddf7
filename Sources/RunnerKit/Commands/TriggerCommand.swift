internal import ArgumentParser
internal import DefenseKit
private import Foundation

/// Shows triggers of attacks, and applies them to other images.
struct TriggerCommand: ExemplifiedCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "trigger", abstract: "Show an attack's trigger, or apply it to images.",
      discussion: discussion(), subcommands: [TriggerApplyCommand.self, TriggerShowCommand.self])
  }

  static var examples: [Example] {
    [
      Example(
        "Show a trigger, and write a picture of it", "trigger show badnet/trigger.h5 --png t.png"),
      Example(
        "Apply a trigger to images",
        "trigger apply badnet/trigger.h5 --data test.h5 --output triggered.h5"),
    ]
  }
}

extension DataArguments {
  /// Opens the images that a trigger is applied to.
  fileprivate func load(
    _ input: ImageInput, for trigger: Trigger, sandbox: Sandbox
  ) throws -> DataSet {
    try input.load(
      .test, format, as: "data", imageShape: trigger.imageShape,
      classCount: trigger.goal.classCount, consumer: "trigger", sandbox: sandbox)
  }
}

/// Applies a trigger to the images of a data set.
struct TriggerApplyCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "apply", abstract: "Apply a trigger to a data set.",
      discussion: discussion(
        """
        Writes a data set that --poisoned of 'run' takes: 'label' holds the attacker's class, \
        'true_label' the original class. Leaves out images of the target class. Converts floats of \
        0...1 to bytes of 0...255.
        """))
  }

  static var examples: [Example] {
    [
      Example(
        "Apply a trigger to the images of a file",
        "trigger apply badnet/trigger.h5 --data test.h5 --output triggered.h5"),
      Example(
        "Apply a trigger to images of Fashion-MNIST, with another target class",
        """
        trigger apply badnet/trigger.h5 --data fashion-mnist:0-500 \\
          --target 3 --output triggered.h5
        """),
    ]
  }

  @Argument(
    help: "The trigger.h5 of an attack.",
    completion: .hdf5)
  var trigger: String

  @Option(
    help: ArgumentHelp(
      "Clean images: HDF5 (data and label), fashion-mnist (its test images), or a part of it, as "
        + "in fashion-mnist:0-500.", valueName: "file"),
    completion: .filesOr([ImageInput.word]))
  var data: String

  @Option(
    help: ArgumentHelp("File to write.", valueName: "file"),
    completion: .hdf5)
  var output: String

  @Option(
    help: ArgumentHelp(
      "Target class; by default the trigger's.", valueName: "class"))
  var target: Int?

  @Flag(help: "Keep images of the target class; evaluations count them separately.")
  var keepTargetClass = false

  @OptionGroup var reading: DataArguments

  @Flag(help: "Replace an existing file.")
  var force = false

  @OptionGroup var parsing: ParsingArguments

  @OptionGroup var common: CommonArguments

  func run(in session: Session) throws {
    try reading.check([], besides: ["data"])
    let input = try ImageInput(data)
    try OutputFile.check(
      output, option: "--output", inputs: [trigger, input.path].compactMap { $0 }, force: force)
    var trigger = try Trigger.load(trigger, sandbox: parsing.sandbox)
    if let target { trigger = try trigger.retargeted(to: target) }
    let data = try reading.load(input, for: trigger, sandbox: parsing.sandbox)
    let context = context(parsing)
    parsing.warn(in: context)
    for note in data.notes { context.warn(note) }
    let clean = try context.phase("reading images", images: 0) { _ in try LabelledImages(data) }
    clean.warnOfUnits("the written file has 0...255", in: context)
    let images = try context.phase("applying the trigger", images: 0) { _ in
      let (images, labels) = try trigger.testSet(from: clean, keepsUnaffected: keepTargetClass)
      try images.dataSet(trueLabels: labels).write(to: output)
      return images
    }
    let left = data.count - images.count
    let leftOut = trigger.goal.source.map { "other classes than \($0)" } ?? "the target class"
    try StandardOutput.write(
      "\(grouped(images.count)) triggered images are in \(output)"
        + (left == 0 ? "" : "; \(grouped(left)) images of \(leftOut) were left out") + "\n")
  }
}

/// Shows a trigger's properties.
struct TriggerShowCommand: RunnerCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "show", abstract: "Show a trigger's properties.", discussion: discussion())
  }

  static var examples: [Example] {
    [
      Example("The properties of a trigger", "trigger show badnet/trigger.h5"),
      Example(
        "Pictures of a trigger, alone and on images",
        """
        trigger show badnet/trigger.h5 --png trigger.png --sheet sheet.png \\
          --data fashion-mnist:0-10
        """),
    ]
  }

  @Argument(
    help: "The trigger.h5 of an attack.",
    completion: .hdf5)
  var trigger: String

  @Option(
    help: ArgumentHelp("Picture of the trigger to write (PNG).", valueName: "file"),
    completion: .file(extensions: ["png"]))
  var png: String?

  @Option(
    help: ArgumentHelp(
      "Picture to write, of some images without and with the trigger (PNG).", valueName: "file"),
    completion: .file(extensions: ["png"]))
  var sheet: String?

  @Option(
    help: ArgumentHelp(
      "Images for --sheet: HDF5 (data and label), fashion-mnist, or a part of it.",
      valueName: "file"),
    completion: .filesOr([ImageInput.word]))
  var data: String?

  @OptionGroup var reading: DataArguments

  @Flag(help: "Replace existing pictures.")
  var force = false

  @OptionGroup var parsing: ParsingArguments

  @OptionGroup var common: CommonArguments

  func run(in session: Session) throws {
    try reading.check([], besides: ["data"])
    if (sheet == nil) != (data == nil) {
      throw Failure(option: "--sheet", "and --data need each other")
    }
    let input = try data.map { text throws(Failure) in try ImageInput(text) }
    let inputs = [trigger, input?.path].compactMap { $0 }
    for (option, path) in [("--png", png), ("--sheet", sheet)] {
      if let path { try OutputFile.check(path, option: option, inputs: inputs, force: force) }
    }
    if let png, let sheet, OutputFile.isSame(png, sheet) {
      throw Failure(option: "--png", "and --sheet are the same file; give each a name of its own")
    }
    let trigger = try Trigger.load(self.trigger, sandbox: parsing.sandbox)
    let context = context(parsing)
    // Both pictures are drawn before one is written, so that an error leaves no file.
    var files: [(path: String, bytes: [UInt8])] = []
    if let sheet, let input {
      let images = try reading.load(input, for: trigger, sandbox: parsing.sandbox)
      let picture = try context.phase("drawing", images: 0) { _ in
        try trigger.contactSheet(of: LabelledImages(images)).png()
      }
      files.append((sheet, picture))
    }
    parsing.warn(in: context)
    if let png { files.append((png, try trigger.preview.png())) }
    for file in files { try AtomicFile.write(file.bytes, to: file.path) }
    try StandardOutput.write(Self.text(trigger, sha256: sha256(ofFile: self.trigger)))
  }

  private static func text(_ trigger: Trigger, sha256: String) -> String {
    let goal = trigger.goal
    let what =
      switch goal.mode {
      case .allToOne:
        "class \(goal.target) of \(goal.classCount)"
          + (goal.source.map { ", for images of class \($0) only" } ?? "")
      case .allToAll: "the class after its own, of \(goal.classCount)"
      }
    let change =
      switch trigger.change {
      case .overlay(_, let alpha):
        "a pattern on \(alpha.count { $0 > 0 }) of \(alpha.count) pixels"
      case .addition(let values):
        "added values, \(values.count { $0 != 0 }) of \(values.count) not zero"
      case .warp: "a warp"
      case .quantization(let levels, let dithers):
        "values rounded to \(levels) levels" + (dithers ? ", dithered" : "")
      }
    let rows = [
      ("attack", trigger.attack), ("target", what),
      ("images", trigger.imageShape.map(String.init).joined(separator: "x")), ("change", change),
      ("seed", "\(trigger.seed)"),
      ("options", trigger.options.map { "\($0.name)=\($0.value)" }.joined(separator: " ")),
      ("SHA-256", sha256),
    ]
    return rows.map { "\($0.0.padding(to: 9))\($0.1.visible)\n" }.joined()
  }
}
