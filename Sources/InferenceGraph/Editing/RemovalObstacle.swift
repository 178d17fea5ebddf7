/// The reason why a removal could not be completed.
enum RemovalObstacle: Error {
  /// The removal is impossible.
  case impossible(GraphError)
  /// The product `multiply` is zero in `channels`, which `operand` must lose as well.
  case gate(multiply: Int, operand: Int, channels: Set<Int>)
  /// These channels must remain to carry constants. If that leaves none to remove, throw `reason`.
  case needsCarriers(Set<ChannelOfNode>, reason: GraphError)
}
