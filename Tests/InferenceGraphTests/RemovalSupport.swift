import InferenceGraph
import ReferenceInference
import Testing

/// Checks that removal equals masking on three images and returns the smaller graph.
func agree(
  _ graph: Graph, _ channels: [String: [Int]], within tolerance: Double = 1e-5,
  sourceLocation: SourceLocation = #_sourceLocation
) throws -> Graph {
  var masked = graph
  for (layer, list) in channels { masked = try masked.masking(list, of: layer) }
  let smaller = try graph.removing(channels)
  for seed in UInt64(1)...3 {
    let image = RandomGraph.image(for: graph, seed: seed)
    let error = EditingTests.difference(
      referenceOutput(masked, image: image), referenceOutput(smaller, image: image))
    #expect(error < tolerance, sourceLocation: sourceLocation)
  }
  return smaller
}

func node(_ graph: Graph, _ name: String) throws -> Graph.Node {
  graph.nodes[try #require(graph.index(of: name))]
}
