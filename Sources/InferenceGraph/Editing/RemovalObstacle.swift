/// Why a removal could not be finished.
enum RemovalObstacle: Error {
  /// It cannot be done.
  case impossible(GraphError)
  /// The product `multiply` is zero in `channels`, which `operand` must lose as well.
  case gate(multiply: Int, operand: Int, channels: Set<Int>)
  /// These channels must stay to carry constants; if none is left to remove, `reason` is thrown.
  case needsCarriers(Set<ChannelOfNode>, reason: GraphError)
}
