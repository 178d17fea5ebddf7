internal import InferenceGraph

func checkCounts(
  _ source: any SampleSource, _ labels: [Int32], _ name: String
) throws(DataError) {
  guard source.count == labels.count else {
    throw DataError(
      "has \(labels.count) labels for \(source.count) images", about: .dataSet(name),
      remedies: [.advice("give one for each image")])
  }
  guard source.count > 0 else {
    throw DataError(
      "holds no images", about: .dataSet(name), remedies: [.advice("give another set")])
  }
}

func checkFit(
  _ source: any SampleSource, _ labels: [Int32], _ name: String, _ model: Model
) throws(DataError) {
  guard source.imageShape == model.graph.inputShape else {
    throw DataError(
      "its images have shape \(source.imageShape), but the model takes \(model.graph.inputShape)",
      about: .dataSet(name), remedies: [.advice("give a data set made for this model")])
  }
  if let label = labels.first(where: { $0 < 0 || Int($0) >= model.classCount }) {
    throw DataError(
      "label \(label) is not one of the model's \(model.classCount) classes, counted from 0",
      about: .dataSet(name), remedies: [.advice("give a data set made for this model")])
  }
}
