/// Which random numbers of a seed are for what, so that no two uses get the same.
enum AttackStream: UInt64 {
  /// Which images are poisoned.
  case selection = 0x5E1EC7
  /// Which clean images the defender is given.
  case cleanSample = 0xC1EA4
}
