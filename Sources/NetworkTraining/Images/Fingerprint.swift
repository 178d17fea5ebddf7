public import InferenceGraph
extension SampleSource {
  /// Returns a number for every image that depends on nothing but its values.
  ///
  /// How the source stores them, in which type and order of axes, does not matter. Who orders images by
  /// it, or draws something at random for each from it, gets the same wherever an image stands in the set.
  /// Different images have different numbers, unless somebody is out to make equal ones.
  ///
  /// - Throws: What the medium throws.
  public func fingerprints() throws -> [UInt64] {
    var result: [UInt64] = []
    result.reserveCapacity(count)
    unsafe try withImagesInPieces(of: self) { unsafe result += fingerprints(ofStored: $0) }
    return result
  }

  /// Returns the fingerprints of some images, which lie in `bytes` as the source stores them.
  package func fingerprints(ofStored bytes: UnsafeRawBufferPointer) -> [UInt64] {
    let values = ImageValues(self)
    var memory = ImageValues.Memory(values)
    // Every image lies whole within the bytes.
    return stride(from: 0, to: bytes.count, by: values.imageBytes).map { start in
      let image = unsafe UnsafeRawBufferPointer(
        rebasing: bytes[start..<start + values.imageBytes])
      return unsafe values.withCanonicalBytes(of: image, in: &memory) {
        unsafe Fingerprint(of: $0).value
      }
    }
  }
}

/// Returns a number that depends on nothing but these values; see ``SampleSource/fingerprints()``.
public func fingerprint(of values: some Collection<Float>) -> UInt64 {
  var result = Fingerprint()
  result.add(UInt64(values.count))
  for value in values { result.add(UInt64(value.bitPattern)) }
  return result.value
}

/// A hash that is the same in every run, for telling whether two trainings are of the same things.
///
/// It protects from mistakes, not from somebody who wants two things to look the same.
struct Fingerprint: Sendable, Hashable {
  private var state: UInt64 = 0

  init() {}

  /// Takes a number in.
  mutating func add(_ number: UInt64) {
    state = (state ^ number) &* 0x9e37_79b9_7f4a_7c15
    state ^= state >> 32
  }

  /// Takes the length and the UTF-8 of a text in.
  mutating func add(_ text: String) {
    add(UInt64(text.utf8.count))
    for byte in text.utf8 { add(UInt64(byte)) }
  }

  /// Takes the bits of numbers in.
  mutating func add(_ values: [Float]) { unsafe values.withUnsafeBytes { unsafe add($0) } }

  /// Takes labels in.
  mutating func add(_ labels: [Int32]) { unsafe labels.withUnsafeBytes { unsafe add($0) } }

  /// Takes the length and the bytes in, eight at a time.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    add(UInt64(bytes.count))
    let whole = bytes.count / 8 * 8
    for offset in stride(from: 0, to: whole, by: 8) {
      unsafe add(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    for offset in whole..<bytes.count { unsafe add(UInt64(bytes[offset])) }
  }

  /// Of bytes.
  init(of bytes: UnsafeRawBufferPointer) { unsafe add(bytes) }

  /// Takes in the shape of a set's images, and its labels.
  init(of set: TrainingSet) {
    add("\(set.source.imageShape)")
    add(set.labels)
  }

  /// Takes all of a source's images in, read as many at a time as are about a megabyte.
  mutating func add(imagesOf source: any SampleSource) throws {
    unsafe try withImagesInPieces(of: source) { unsafe add(stored: $0, of: source) }
  }

  /// Takes images in that lie in `bytes` as the source stores them.
  mutating func add(stored bytes: UnsafeRawBufferPointer, of source: some SampleSource) {
    let numbers = unsafe source.fingerprints(ofStored: bytes)
    for number in numbers { add(number) }
  }

  /// The hash.
  var value: UInt64 { mixed(state) }

  /// The hash as 16 hexadecimal digits.
  var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// Calls `body` with all images of a source as they are stored, about a megabyte at a time.
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
  /// A fingerprint of all that decides what the network computes: layers, weights, input scale.
  var fingerprint: Fingerprint {
    var result = Fingerprint()
    result.add(UInt64(inputScale.bitPattern))
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
