public import InferenceGraph

/// A folder that an attack of BackdoorBench wrote (Wu et al. 2022): the suspect's weights, and its
/// triggered test images.
public struct BackdoorRecord: Sendable {
  /// The file of weights, `attack_result.pt`.
  public let weights: String
  /// The folder of triggered test images, in folders by the classes that they show; nil if there is
  /// none.
  public let triggered: String?
  /// The attacker's class; nil if there are several, or the record does not say.
  public let target: Int?
  /// What happens to images before they enter the network; nil if the clean data set has none that
  /// BackdoorBench defines.
  public let preprocessing: Preprocessing?
  /// The name of the clean data set, for example `cifar10`.
  public let dataSet: String

  /// Returns the path of the weights in a record's folder.
  public static func weights(in folder: String) -> String {
    FolderListing.path(folder, "attack_result.pt")
  }

  /// Reads what a folder's weights say besides the weights.
  ///
  /// - Throws: ``FileError`` if there is no `attack_result.pt`, or it is no such file.
  public init(folder: String, sandbox: Sandbox = .auto) throws(FileError) {
    weights = Self.weights(in: folder)
    let file = try StateFile(try FileDescriptor(weights), sandbox: sandbox)
    guard let record = file.catalogue.record else {
      if let refusal = file.catalogue.refusal { throw FileError(refused: refusal, path: weights) }
      throw FileError(
        .badData, path: weights,
        "is not what an attack of BackdoorBench writes; give a checkpoint as the model itself")
    }
    target = record.target
    dataSet = record.dataSet
    preprocessing = Self.normalization[record.dataSet].map { mean, deviation in
      Preprocessing(scale: 1 / 255, mean: mean, deviation: deviation)
    }
    let images = FolderListing.path(folder, "bd_test_dataset")
    triggered = (try? FileKind(at: images)) == .folder ? images : nil
  }

  /// Mean and deviation by the clean data set, as in BackdoorBench's
  /// `get_dataset_normalization`.
  private static let normalization: [String: ([Float], [Float])] = [
    "cifar10": ([0.4914, 0.4822, 0.4465], [0.247, 0.243, 0.261]),
    "cifar100": ([0.5071, 0.4865, 0.4409], [0.2673, 0.2564, 0.2762]),
    "tiny": ([0.4802, 0.4481, 0.3975], [0.2302, 0.2265, 0.2262]),
    "mnist": ([0.5], [0.5]), "gtsrb": ([], []), "celeba": ([], []),
    "imagenet": ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
  ]
}
