public import InferenceGraph
extension SampleSource {
  /// Returns a number for every image that depends only on its values.
  ///
  /// The source's element type, the order of axes and an image's position do not matter. Orders and
  /// random choices that derive from the fingerprint are therefore the same in any set with the
  /// image. Different images have different fingerprints, except by deliberate construction.
  ///
  /// - Throws: The errors of ``read(_:into:)``.
  public func fingerprints() throws -> [UInt64] {
    var result: [UInt64] = []
    result.reserveCapacity(count)
    unsafe try withImagesInPieces(of: self) { unsafe result += fingerprints(ofStored: $0) }
    return result
  }

  /// Returns the fingerprints of images stored in `bytes` in the source's format.
  package func fingerprints(ofStored bytes: UnsafeRawBufferPointer) -> [UInt64] {
    let values = ImageValues(self)
    var memory = ImageValues.Memory(values)
    // `bytes` holds whole images.
    return stride(from: 0, to: bytes.count, by: values.imageBytes).map { start in
      let image = unsafe UnsafeRawBufferPointer(
        rebasing: bytes[start..<start + values.imageBytes])
      return unsafe values.withCanonicalBytes(of: image, in: &memory) {
        unsafe Fingerprint(of: $0).value
      }
    }
  }
}

/// Returns a number that depends only on these values; see `SampleSource.fingerprints()`.
public func fingerprint(of values: some Collection<Float>) -> UInt64 {
  var result = Fingerprint()
  result.add(UInt64(values.count))
  for value in values { result.add(UInt64(value.bitPattern)) }
  return result.value
}

/// A hash that is the same in every run, to compare the identities of trainings.
///
/// It detects mistakes, not deliberate collisions.
struct Fingerprint: Sendable, Hashable {
  private var state: UInt64 = 0

  init() {}

  /// Adds a number.
  mutating func add(_ number: UInt64) {
    state = (state ^ number) &* 0x9e37_79b9_7f4a_7c15
    state ^= state >> 32
  }

  /// Adds the length and the UTF-8 of a text.
  mutating func add(_ text: String) {
    add(UInt64(text.utf8.count))
    for byte in text.utf8 { add(UInt64(byte)) }
  }

  /// Adds the bits of numbers.
  mutating func add(_ values: [Float]) { unsafe values.withUnsafeBytes { unsafe add($0) } }

  /// Adds labels.
  mutating func add(_ labels: [Int32]) { unsafe labels.withUnsafeBytes { unsafe add($0) } }

  /// Adds the length and the bytes, eight at a time.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    add(UInt64(bytes.count))
    let whole = bytes.count / 8 * 8
    for offset in stride(from: 0, to: whole, by: 8) {
      unsafe add(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    for offset in whole..<bytes.count { unsafe add(UInt64(bytes[offset])) }
  }

  /// Creates the hash of some bytes.
  init(of bytes: UnsafeRawBufferPointer) { unsafe add(bytes) }

  /// Creates the hash of the shape of a set's images and of its labels; add its images separately.
  init(of set: TrainingSet) {
    add("\(set.source.imageShape)")
    add(set.labels)
  }

  /// Adds all images of a source, reading about a megabyte at a time.
  mutating func add(imagesOf source: any SampleSource) throws {
    unsafe try withImagesInPieces(of: source) { unsafe add(stored: $0, of: source) }
  }

  /// Adds images stored in `bytes` in the source's format.
  mutating func add(stored bytes: UnsafeRawBufferPointer, of source: some SampleSource) {
    let numbers = unsafe source.fingerprints(ofStored: bytes)
    for number in numbers { add(number) }
  }

  /// The hash of everything added so far.
  var value: UInt64 { mixed(state) }

  /// The hash as 16 hexadecimal digits.
  var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// Calls `body` with all images of a source in its format, about a megabyte at a time.
private func withImagesInPieces(
  of source: any SampleSource, _ body: (UnsafeRawBufferPointer) throws -> Void
) throws {
  let loader = Loader(source)
  let size = max(1, (1 << 20) / loader.imageBytes)
  let buffer = loader.makeBuffer(images: min(size, source.count))
  for first in stride(from: 0, to: source.count, by: size) {
    try loader.withImages(first..<min(source.count, first + size), buffer) { images in
      unsafe try body(
        UnsafeRawBufferPointer(start: images.start, count: images.range.count * loader.imageBytes))
    }
  }
}

extension Model {
  /// The hash of everything that determines the network's results: layers, weights, preprocessing.
  var fingerprint: Fingerprint {
    var result = Fingerprint()
    result.add("\(preprocessing.mean) \(preprocessing.deviation) \(preprocessing.channels)")
    result.add(UInt64(preprocessing.scale.bitPattern))
    result.add(UInt64(graph.output))
    for node in graph.nodes {
      result.add(node.name)
      result.add("\(node.activation) \(node.inputs) \(node.shape)")
      for tensor in node.operation.weights {
        result.add("\(tensor.shape)")
        result.add(tensor.values)
      }
      result.add("\(node.operation.withoutWeights)")
    }
    return result
  }
}
