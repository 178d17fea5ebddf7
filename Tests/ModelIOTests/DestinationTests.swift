import Foundation
import Synchronization
import Testing

@testable import ModelIO

/// What a result is written to: files behind links, pipes, devices, descriptors.
@Suite("Destinations")
struct DestinationTests: ~Copyable {
  private let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func text(_ name: String) throws -> String {
    try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
  }

  @Test("Links stay, those to nothing yet too; hard links keep the old contents")
  func links() throws {
    let files = FileManager.default
    try files.createSymbolicLink(atPath: "\(folder)/a", withDestinationPath: "b")
    try files.createSymbolicLink(atPath: "\(folder)/b", withDestinationPath: "\(folder)/c")
    try AtomicFile.write("one", to: "\(folder)/a")
    #expect(try text("c") == "one")
    try files.linkItem(atPath: "\(folder)/c", toPath: "\(folder)/d")
    try files.setAttributes([.posixPermissions: 0o604], ofItemAtPath: "\(folder)/c")
    try AtomicFile.write("two", to: "\(folder)/a")
    #expect(try text("c") == "two" && text("d") == "one")
    #expect(try files.destinationOfSymbolicLink(atPath: "\(folder)/a") == "b")
    #expect(try files.attributesOfItem(atPath: "\(folder)/c")[.posixPermissions] as? Int == 0o604)
    try files.createSymbolicLink(atPath: "\(folder)/e", withDestinationPath: "e")
    let error = #expect(throws: FileError.self) { try AtomicFile.write("x", to: "\(folder)/e") }
    #expect(error?.kind == .cannotWrite)
    #expect(try files.contentsOfDirectory(atPath: folder).sorted() == ["a", "b", "c", "d", "e"])
  }

  @Test("Whoever clears up does not disturb another who is making something")
  func clearingMeanwhile() throws {
    let folder = folder
    let done = Mutex(false)
    Thread.detachNewThread {
      while !done.withLock({ $0 }) { TemporaryName.clear(folder) }
    }
    defer { done.withLock { $0 = true } }
    for _ in 0..<3000 {
      let temporary = try Temporary(in: folder, isFolder: true, mode: 0o777)
      #expect(FileManager.default.fileExists(atPath: temporary.path))
    }
  }

  @Test("Several write the same folder: each whole, and none sees what it replaces go away")
  func replacingTogether() throws {
    struct Gone: Error {}
    let place = "\(folder)/out"
    @Sendable func write(_ number: Int) throws {
      try AtomicFolder.write(place) { old in
        // Also when it has been moved away.
        guard try FileManager.default.contentsOfDirectory(atPath: old) == ["text"] else {
          throw Gone()
        }
      } _: {
        try AtomicFile.write("\(number)", to: "\($0)/text")
      }
    }
    try write(0)
    let errors = Mutex<[any Error]>([])
    DispatchQueue.concurrentPerform(iterations: 4) { number in
      for _ in 0..<60 {
        do { try write(number) } catch { errors.withLock { $0.append(error) } }
      }
    }
    errors.withLock { #expect($0.isEmpty, "\($0)") }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["out"])
    #expect((0...3).contains(Int(try text("out/text")) ?? -1))
  }

  @Test("A full device fails with status 74 and stays a device")
  func fullDevice() throws {
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    let error = #expect(throws: FileError.self) { try AtomicFile.write("x", to: "/dev/full") }
    #expect(error?.kind == .writeFailed)
    #expect(error?.problem.contains("the disk is full") == true)
    try AtomicFile.write("x", to: "/dev/null")
    #expect(try Destination("/dev/null") == .device("/dev/null"))
  }

  @Test("A descriptor's name is written through, behind what is there")
  func descriptor() throws {
    let number = unsafe open("\(folder)/log", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    defer { close(number) }
    for path in ["/dev/fd/\(number)", "/proc/self/fd/\(number)"] {
      try AtomicFile.write("line\n", to: path)
    }
    #expect(try text("log") == "line\nline\n")
    #expect(try Destination("/dev/stdout") == .descriptor(1))
  }

  @Test("A slow, non-blocking pipe gets every byte; one without a reader is named")
  func pipe() throws {
    var ends: [Int32] = [0, 0]
    #expect(unsafe Foundation.pipe(&ends) == 0)
    #expect(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0)
    let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 / 251) }
    let read = Mutex<Data>(Data())
    let reader = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
    let done = DispatchSemaphore(value: 0)
    DispatchQueue.global().async {
      let data = (try? reader.read(upToCount: 1_000_000)) ?? Data()
      read.withLock { $0 = data }
      done.signal()
    }
    try AtomicFile.write(bytes, to: "/dev/fd/\(ends[1])")
    done.wait()
    #expect(read.withLock { $0 } == Data(bytes))
    try reader.close()
    signal(SIGPIPE, SIG_IGN)
    let error = #expect(throws: FileError.self) {
      try AtomicFile.write(bytes, to: "/dev/fd/\(ends[1])")
    }
    #expect(error?.kind == .readerGone)
    close(ends[1])
  }
}
