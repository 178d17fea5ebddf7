/// How the folders of a folder of images name its classes.
public enum ClassNaming: String, Sendable, Hashable, CaseIterable {
  /// The folders are the classes in the order of their names, as torchvision's `ImageFolder` sorts
  /// them: `10` is before `2`.
  case sorted
  /// The folders' names are the classes' numbers.
  case numeric
}
