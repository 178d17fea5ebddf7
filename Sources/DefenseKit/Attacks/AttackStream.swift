/// Streams of a seed's random numbers, one for each use, so that uses are independent.
enum AttackStream: UInt64 {
  /// The choice of the images to poison.
  case selection = 0x5E1EC7
  /// The choice of the clean images for the defender.
  case cleanSample = 0xC1EA4
}
