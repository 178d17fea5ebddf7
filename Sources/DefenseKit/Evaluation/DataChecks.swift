internal import InferenceGraph

func checkCounts(
  _ source: any SampleSource, _ labels: [Int32], _ name: String
) throws(DataError) {
  guard source.count == labels.count else {
    throw DataError("\(name): \(labels.count) labels for \(source.count) images; give one an image")
  }
  guard source.count > 0 else { throw DataError("\(name): it holds no images; give another set") }
}

func checkFit(
  _ source: any SampleSource, _ labels: [Int32], _ name: String, _ model: Model
) throws(DataError) {
  guard source.imageShape == model.graph.inputShape else {
    throw DataError(
      "\(name): its images have shape \(source.imageShape), but the model takes "
        + "\(model.graph.inputShape); give a data set made for this model")
  }
  if let label = labels.first(where: { $0 < 0 || Int($0) >= model.classCount }) {
    throw DataError(
      "\(name): label \(label) is none of the model's \(model.classCount) classes, which count "
        + "from 0; give a data set made for this model")
  }
}
