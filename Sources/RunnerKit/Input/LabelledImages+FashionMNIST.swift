internal import DefenseKit

extension LabelledImages {
  /// The training or the test images of Fashion-MNIST, from where Debian's package puts them.
  ///
  /// - Throws: `FileError` with the line that installs them if they are missing.
  static func fashionMNIST(_ training: Bool) throws -> LabelledImages {
    throw Failure(
      Failure.missingInput,
      "the images of Fashion-MNIST are missing; apt-get install dataset-fashion-mnist")
  }
}
