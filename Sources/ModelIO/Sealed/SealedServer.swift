import CSystem

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

// The code of a sealed process. C calls it when the process has nothing left but the file in memory
// and the channel.

/// Prepares libhdf5 before there is a file; called by the launcher.
@_cdecl("defensekit_prepare")
func prepareSealedProcesses() {
  HDF5Library.locked {}
}

/// Answers requests about the file at `bytes` until the channel closes; called in the sealed
/// process.
@_cdecl("defensekit_serve")
func serveSealed(_ bytes: UnsafeRawPointer?, _ count: Int) {
  // The file stays mapped as long as the process lives.
  var server = unsafe SealedServer(bytes: bytes, count: count)
  while let numbers = SealedServer.receiveRequest() {
    guard let request = SealedRequest(rawValue: numbers[0]) else { return }
    guard server.answer(request, Array(numbers[1...])) else { return }
  }
}

/// The sealed process's end of the channel.
@safe private struct SealedServer {
  private(set) var bytes: UnsafeRawPointer?
  private(set) var count: Int
  /// Created at the first request about HDF5, so that libhdf5 does not see other files.
  private lazy var reader = unsafe bytes.flatMap { unsafe HDF5Reader(image: $0, count: count) }

  @unsafe init(bytes: UnsafeRawPointer?, count: Int) {
    unsafe self.bytes = bytes
    self.count = count
  }

  /// Answers a request; returns whether the answer could be sent.
  mutating func answer(_ request: SealedRequest, _ numbers: [UInt64]) -> Bool {
    switch request {
    case .catalogue: sendCatalogue()
    case .rows: sendRows(numbers)
    // The mapped file is only read.
    case .pixels: unsafe sendPixels(UnsafeRawBufferPointer(start: bytes, count: count))
    case .images: sendImages(numbers)
    case .network: sendNetwork()
    case .inflate: sendUnpacked(numbers)
    case .weights: sendWeights()
    case .part: take(numbers)
    case .arrays: sendArrays()
    }
  }

  private mutating func take(_ numbers: [UInt64]) -> Bool {
    let (place, size) = (Int(clamping: numbers[0]), Int(clamping: numbers[1]))
    let isInside = place <= count && size <= count - place
    // The part lies in the mapped file.
    unsafe bytes = isInside ? bytes.map { unsafe $0 + place } : nil
    count = isInside ? size : 0
    return true
  }

  private mutating func sendCatalogue() -> Bool {
    guard let reader else { return Self.send(SealedRequest.failed) }
    return Self.send(reader.catalogue(fileSize: count).message)
  }

  private func sendNetwork() -> Bool {
    // The mapped file is only read.
    let file = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
    return Self.send(ONNXCatalogue.message(of: unsafe file.bytes))
  }

  private func sendWeights() -> Bool {
    // The mapped file is only read.
    let file = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
    let content = StateContent(size: count) { offset, count throws(FileError) in
      unsafe Array(file[offset..<offset + count])
    }
    return Self.send(StateParser.catalogue(of: content).message)
  }

  private func sendArrays() -> Bool {
    // The mapped file is copied.
    let file = unsafe Array(UnsafeRawBufferPointer(start: bytes, count: count))
    return Self.send(ArrayPickle.catalogue(of: file).message)
  }

  private mutating func sendRows(_ numbers: [UInt64]) -> Bool {
    let (first, end) = (Int(clamping: numbers[1]), Int(clamping: numbers[2]))
    let isRead =
      reader.map { reader in
        unsafe reader.read(
          dataset: Int(clamping: numbers[0]), rows: first..<max(first, end),
          as: HDF5DatasetInfo.RawType(rawValue: UInt8(clamping: numbers[3])) ?? .none
        ) { Self.send(UInt64($0.count)) ? unsafe Self.send($0) : false }
      } ?? false
    return isRead || Self.send(SealedRequest.failed)
  }

  private func sendUnpacked(_ numbers: [UInt64]) -> Bool {
    let (offset, size) = (Int(clamping: numbers[0]), Int(clamping: numbers[1]))
    // The part of the mapped file, which is only read.
    let isUnpacked =
      offset <= count && size <= count - offset
      && (unsafe Inflater.unpack(
        UnsafeRawBufferPointer(start: bytes.map { unsafe $0 + offset }, count: size),
        count: Int(clamping: numbers[2])
      ) { Self.send(UInt64($0.count)) ? unsafe Self.send($0) : false })
    return isUnpacked || Self.send(SealedRequest.failed)
  }

  @unsafe private func sendPixels(_ file: UnsafeRawBufferPointer) -> Bool {
    // The file is only read.
    unsafe ImageDecoder.decode(file) { result in
      switch unsafe result {
      case .failure(let failure):
        return Self.send(failure.rawValue)
      case .success(let pixels):
        let numbers = unsafe [0, pixels.width, pixels.height, pixels.channels]
        return Self.send(numbers.map { UInt64($0) }) && (unsafe Self.send(pixels.samples))
      }
    }
  }

  private func sendImages(_ numbers: [UInt64]) -> Bool {
    let size = Int(clamping: numbers[1])
    guard numbers[0] <= numbers[1] / 8, let message = Self.receive(size) else { return false }
    let sizes = Self.numbers(message[..<(Int(numbers[0]) * 8)])
    // Each file is a part of the message, which is checked and only read.
    return unsafe message.withUnsafeBytes { message in
      var place = sizes.count * 8
      for size in sizes {
        guard size <= message.count - place else { return false }
        let file = unsafe UnsafeRawBufferPointer(rebasing: message[place..<place + Int(size)])
        guard unsafe sendPixels(file) else { return false }
        place += Int(size)
      }
      return true
    }
  }

  // MARK: The channel

  static func receiveRequest() -> [UInt64]? {
    receive(SealedRequest.size).map { numbers($0[...]) }
  }

  private static func numbers(_ bytes: ArraySlice<UInt8>) -> [UInt64] {
    stride(from: 0, to: bytes.count, by: 8).map { start in
      bytes[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  /// Receives `count` bytes; nil if the channel closes first.
  private static func receive(_ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < bytes.count {
      // read(2) writes into the rest of the array.
      let count = unsafe bytes[done...].withUnsafeMutableBytes {
        unsafe read(Int32(DK_CHANNEL), $0.baseAddress, $0.count)
      }
      guard count > 0 else { return nil }
      done += count
    }
    return bytes
  }

  /// Sends a message with its length in front.
  private static func send(_ message: [UInt8]) -> Bool {
    // The array is only read.
    send(UInt64(message.count)) && (unsafe message.withUnsafeBytes { unsafe send($0) })
  }

  private static func send(_ numbers: [UInt64]) -> Bool {
    // Only the numbers' bytes are read.
    unsafe numbers.map(\.littleEndian).withUnsafeBytes { unsafe send($0) }
  }

  private static func send(_ number: UInt64) -> Bool {
    // Only the number's bytes are read.
    unsafe withUnsafeBytes(of: number.littleEndian) { unsafe send($0) }
  }

  @unsafe private static func send(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = unsafe write(
        Int32(DK_CHANNEL), bytes.baseAddress.map { unsafe $0 + done }, bytes.count - done)
      guard count > 0 else { return false }
      done += count
    }
    return true
  }
}
