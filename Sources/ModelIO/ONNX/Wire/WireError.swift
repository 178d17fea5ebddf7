/// The error for bytes that are not a message of Protocol Buffers.
struct WireError: Error, Equatable {
  /// The position of the first byte that cannot be read.
  let offset: Int
}
