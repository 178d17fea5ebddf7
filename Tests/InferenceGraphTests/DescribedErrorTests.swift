import InferenceGraph
import Testing

@Suite("Errors: subject, problem and remedies in one line")
struct DescribedErrorTests {
  private struct Fault: DescribedError {
    var subject: ErrorSubject?
    var problem = "is wrong"
    var remedies: [Remedy] = []
  }

  @Test(
    "Every subject in the words of the library",
    arguments: [
      (nil, "is wrong"),
      (.option("learningRate"), "learningRate is wrong"),
      (.option("drops", of: "fine-pruning"), "fine-pruning.drops is wrong"),
      (.file("a/b.h5"), "a/b.h5: is wrong"), (.file(""), "'': is wrong"),
      (.image(3), "image 3: is wrong"), (.image(3, in: "clean.h5"), "clean.h5: image 3: is wrong"),
      (.layer("conv"), "layer 'conv': is wrong"), (.plugin("clp"), "clp is wrong"),
      (.dataSet("clean.h5"), "clean.h5: is wrong"),
    ] as [(ErrorSubject?, String)])
  func subjects(_ subject: ErrorSubject?, _ text: String) {
    #expect(Fault(subject: subject).description == text)
  }

  @Test(
    "Every remedy in the words of the library",
    arguments: [
      ([.set("layout", to: ["nchw", "nhwc"])], "set layout to nchw or nhwc"),
      ([.set("layer", of: "clp", to: ["a", "b", "c"])], "set clp.layer to a, b or c"),
      ([.raise("rate")], "raise rate"), ([.lower("batch", of: "anp")], "lower anp.batch"),
      ([.omit("mode")], "leave mode out"), ([.check("inputScale")], "check inputScale"),
      ([.give("clean images", for: "clean")], "give clean images"),
      ([.usePlugin("clp", as: "defense")], "use clp as defense"), ([.advice("wait")], "wait"),
      ([.lower("threads"), .raise("a"), .advice("wait")], "lower threads, raise a or wait"),
    ] as [([Remedy], String)])
  func remedies(_ remedies: [Remedy], _ text: String) {
    #expect(Fault(subject: nil, remedies: remedies).description == "is wrong; \(text)")
  }

  @Test("A program puts in its own words")
  func words() {
    let fault = Fault(subject: .option("rate"), remedies: [.lower("rate")])
    #expect(
      fault.text(subject: { _ in "--rate" }, remedy: { _ in "less" }) == "--rate is wrong; less")
  }

  @Test("The errors of graphs, images and memory have subjects")
  func own() {
    #expect(GraphError(node: "conv", "a").subject == .layer("conv"))
    #expect(GraphError(node: "conv", "a", kind: .tooLarge).kind == .tooLarge)
    #expect(SampleError(index: 7, "a").subject == .image(7))
    let memory = MemoryError(
      bytes: 3 << 20, for: "reading 9 images", about: .file("a.h5"),
      remedies: [.lower("threads")])
    #expect(
      memory.description
        == "a.h5: reading 9 images takes about 3 MiB of memory, more than the system provides; "
        + "lower threads or raise the memory limit (ulimit -v)")
  }
}
