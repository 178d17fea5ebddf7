/// Reads image files, several at a time, with one sealed process for all of them; for one thread.
final class ImageReader {
  private let sandbox: Sandbox
  /// The process, started for the first files; `.some(nil)` if the program decodes by itself.
  private var process: SealedProcess??

  /// The number of bytes above which a message to the process is not made longer.
  private static let messageSize = 1 << 20

  /// Creates a reader; starts nothing.
  init(sandbox: Sandbox) { self.sandbox = sandbox }

  /// Reads files and passes on one image after another.
  ///
  /// - Throws: ``FileError`` for the first file that cannot be read; what `body` throws.
  func read(
    _ paths: some Sequence<String>,
    _ body: (_ path: String, _ image: PixelImage) throws(FileError) -> Void
  ) throws(FileError) {
    var files: [ImageFile] = []
    var size = 0
    for path in paths {
      let file = try ImageFile(path)
      files.append(file)
      size += file.content.size
      guard size > Self.messageSize else { continue }
      try decode(files, body)
      (files, size) = ([], 0)
    }
    try decode(files, body)
  }

  private func decode(
    _ files: [ImageFile], _ body: (String, PixelImage) throws(FileError) -> Void
  ) throws(FileError) {
    guard let first = files.first else { return }
    if process == nil { process = .some(try SealedProcess.start(for: first.content, sandbox)) }
    guard case let process?? = process else {
      for file in files {
        let image: PixelImage
        do { image = try PixelImage(decoding: file.bytes(), file.header) } catch {
          throw file.failure(error)
        }
        try body(file.content.path, image)
      }
      return
    }
    var message = MessageWriter()
    for file in files { message.write(UInt64(file.content.size)) }
    var bytes = message.bytes
    for file in files { bytes += try file.bytes() }
    do {
      try process.send(.images, [files.count, bytes.count, 0, 0])
      try process.send(bytes)
    } catch {
      throw first.failure(error)
    }
    for file in files {
      let image: PixelImage
      do { image = try PixelImage(answer: process, file.header) } catch {
        throw file.failure(error)
      }
      try body(file.content.path, image)
    }
  }
}
