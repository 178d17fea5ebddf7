/// How an attack gets its backdoor into a network.
public enum AttackMethod: Sendable, Hashable {
  /// A network is trained from its initial weights on the poisoned images.
  case poisoning
  /// A network trained on the clean images is trained on the poisoned images, with the same options.
  case retraining
  /// The weights of a network trained on the clean images are edited; no image is poisoned.
  case editing
}
