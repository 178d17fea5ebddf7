// swift-tools-version: 6.2
import PackageDescription

/// Scripts/test turns our warnings into errors; who only builds the package is spared that.
let isStrict = Context.environment["DEFENSEKIT_STRICT"] == "1"
let strict: [SwiftSetting] = isStrict ? [.treatAllWarnings(as: .error)] : []

let settings: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .strictMemorySafety(),
  ] + strict

/// A library target; imports only point upwards in the list below.
func library(_ name: String, path: String? = nil, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, path: path, swiftSettings: settings)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
  .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

/// The plugins under Sources/Defenses.
let defenses = [
  "FinePruning", "FineTuning", "CLP", "ANP", "NAD", "IBAU", "MMBM", "GoodNet", "STRIP", "ScaleUp",
  "IBDPSC", "BaDExpert",
  "TED", "Beatrix", "TeCo", "SentiNet",
]

/// Defenses that run another plugin.
let composedDefenses = ["TriggerUnlearning"]

/// The plugins under Sources/Verdicts.
let verdicts = ["FreeEagle", "MMBD", "OccluderSearch", "SubNetworks"]

/// Verdicts that run another plugin.
let composedVerdicts = ["NeuralCleanse"]

/// The plugins under Sources/DataSetDetectors.
let dataSetDetectors = [
  "SpectralSignatures", "ActivationClustering", "SPECTRE", "Contamination",
]

/// The plugins under Sources/Attacks.
let attacks = [
  "BadNets", "Blended", "SIG", "WaNet", "LabelConsistent", "AdaptiveBlend", "BPP", "TaCT",
  "LowFrequency", "FTrojan", "MultiTrigger", "TrojanNN", "SRA",
]

let plugins =
  defenses + composedDefenses + verdicts + composedVerdicts + dataSetDetectors + attacks

let package = Package(
  name: "DefenseKit",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "DefenseKit", targets: ["DefenseKit"]),
    .library(name: "DefenseKitTesting", targets: ["DefenseKitTesting"]),
    .library(
      name: "RunnerKit", targets: ["RunnerKit", "StandardPlugins"] + plugins),
    .executable(name: "runner", targets: ["runner"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
  ],
  targets: [
    .systemLibrary(
      name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"]), .brew(["hdf5"])]),
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(
      name: "CCrypto", pkgConfig: "libcrypto",
      providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    .systemLibrary(
      name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .systemLibrary(
      name: "CJPEG", pkgConfig: "libjpeg",
      providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),
    .target(
      name: "CImages", dependencies: ["CPNG", "CJPEG"],
      cSettings: isStrict ? [.treatAllWarnings(as: .error)] : []),
    .target(
      name: "CKernels",
      cSettings: isStrict
        ? [.treatAllWarnings(as: .error), .define("DK_CHECKED")]
        : [.define("DK_CHECKED", .when(configuration: .debug))]),
    library("InferenceGraph", ["CKernels", "COpenBLAS"]),
    library("NetworkTraining", ["InferenceGraph", "CKernels", "COpenBLAS"]),
    .target(
      name: "CSystem", cSettings: isStrict ? [.treatAllWarnings(as: .error)] : []),
    library(
      "ModelIO",
      ["InferenceGraph", "NetworkTraining", "CHDF5", "CImages", "CSystem", "CZlib", "CCrypto"]),
    library("DefenseKit", ["InferenceGraph", "NetworkTraining", "ModelIO"]),
    library("DefenseKitTesting", ["DefenseKit"]),
    library(
      "StandardPlugins",
      ["DefenseKit"] + plugins.map { .init(stringLiteral: $0) }),
    .target(
      name: "ComparisonReport",
      dependencies: ["DefenseKit", .product(name: "Mustache", package: "swift-mustache")],
      resources: [
        .embedInCode("Templates/page.mustache"), .embedInCode("Templates/table.mustache"),
        .embedInCode("Templates/model.mustache"), .embedInCode("Templates/details.mustache"),
        .embedInCode("Templates/scan.mustache"), .embedInCode("Templates/style.css"),
        .embedInCode("Templates/script.js"),
      ], swiftSettings: settings),
    .target(
      name: "RunnerKit",
      dependencies: [
        "CSystem", "DefenseKit", "ComparisonReport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Yams", package: "Yams"),
      ],
      resources: [.copy("Resources")], swiftSettings: settings),
    .executableTarget(
      name: "benchmark", dependencies: ["DefenseKit"], path: "Benchmarks/benchmark",
      swiftSettings: settings),
    .executableTarget(
      name: "runner", dependencies: ["RunnerKit", "StandardPlugins"], path: "Sources/Runner",
      swiftSettings: settings),
    .testTarget(
      name: "DefenseKitTests", dependencies: ["DefenseKit", "InferenceGraph"], exclude: ["Golden"],
      swiftSettings: settings),
    .testTarget(
      name: "ComparisonReportTests", dependencies: ["ComparisonReport", "DefenseKit", "LabFiles"],
      swiftSettings: settings),
    tests(
      "DefenseKitTestingTests",
      ["DefenseKitTesting", "DefenseKit"] + plugins.map { .init(stringLiteral: $0) }),
    tests("FinePruningTests", ["FinePruning", "DefenseKit"]),
    tests("FineTuningTests", ["FineTuning", "DefenseKit"]),
    tests("CLPTests", ["CLP", "DefenseKit", "LabFiles"], exclude: ["Fixtures"]),
    tests("ANPTests", ["ANP", "DefenseKit", "DefenseKitTesting"]),
    tests("GoodNetTests", ["GoodNet", "DefenseKit", "ReferenceInference"]),
    tests("FreeEagleTests", ["FreeEagle", "DefenseKit", "InferenceGraph"]),
    tests("MMBDTests", ["MMBD", "DefenseKit", "DefenseKitTesting", "ReferenceInference"]),
    tests(
      "OccluderSearchTests",
      ["OccluderSearch", "DefenseKit", "DefenseKitTesting", "InferenceGraph"]),
    tests(
      "NeuralCleanseTests",
      ["NeuralCleanse", "OccluderSearch", "DefenseKit", "DefenseKitTesting", "InferenceGraph"]),
    tests(
      "TriggerUnlearningTests",
      ["TriggerUnlearning", "OccluderSearch", "DefenseKit", "DefenseKitTesting"]),
    tests("SpectralSignaturesTests", ["SpectralSignatures", "DefenseKit", "DefenseKitTesting"]),
    tests("STRIPTests", ["STRIP", "DefenseKit", "LabFiles"], exclude: ["Fixtures"]),
    tests(
      "ActivationClusteringTests",
      ["ActivationClustering", "DefenseKit", "DefenseKitTesting", "LabFiles"],
      exclude: ["Fixtures"]),
    tests(
      "SPECTRETests", ["SPECTRE", "DefenseKit", "DefenseKitTesting", "LabFiles"],
      exclude: ["Fixtures"]),
    tests(
      "ContaminationTests", ["Contamination", "DefenseKit", "DefenseKitTesting", "LabFiles"],
      exclude: ["Fixtures"]),
    tests("SubNetworksTests", ["SubNetworks", "DefenseKit", "DefenseKitTesting"]),
    tests("NADTests", ["NAD", "DefenseKit", "DefenseKitTesting"]),
    tests("IBAUTests", ["IBAU", "DefenseKit", "DefenseKitTesting"]),
    tests("MMBMTests", ["MMBM", "DefenseKit", "DefenseKitTesting"]),
    tests("ScaleUpTests", ["ScaleUp", "DefenseKit", "DefenseKitTesting"]),
    tests("IBDPSCTests", ["IBDPSC", "DefenseKit", "DefenseKitTesting"]),
    tests("BaDExpertTests", ["BaDExpert", "DefenseKit", "DefenseKitTesting"]),
    tests("TEDTests", ["TED", "DefenseKit", "DefenseKitTesting"]),
    tests(
      "BeatrixTests",
      ["Beatrix", "DefenseKit", "DefenseKitTesting", "LabFiles", "ReferenceInference"]),
    tests(
      "TeCoTests", ["TeCo", "DefenseKit", "DefenseKitTesting", "LabFiles"], exclude: ["Fixtures"]),
    tests(
      "SentiNetTests",
      ["SentiNet", "DefenseKit", "DefenseKitTesting", "LabFiles", "ReferenceInference"]),
    tests(
      "AttackTests",
      ["DefenseKit", "DefenseKitTesting", "ModelIO"] + attacks.map { .init(stringLiteral: $0) }),
    .executableTarget(
      name: "faulty-runner", dependencies: ["RunnerKit", "DefenseKit", "GoodNet"],
      path: "Tests/FaultyRunner", swiftSettings: settings),
    .testTarget(
      name: "RunnerTests",
      dependencies: [
        "RunnerKit", "DefenseKit", "InferenceGraph", "ModelIO", "NetworkTraining", "FinePruning",
        "GoodNet", "SpectralSignatures", "StandardPlugins", "runner", "faulty-runner", "LabFiles",
      ],
      exclude: ["Fixtures"], swiftSettings: settings),
    library("ReferenceInference", path: "Tests/ReferenceInference", ["InferenceGraph"]),
    tests(
      "InferenceGraphTests", ["CKernels", "InferenceGraph", "ReferenceInference"],
      exclude: ["Fixtures"]),
    tests(
      "NetworkTrainingTests",
      ["CKernels", "InferenceGraph", "NetworkTraining", "ReferenceInference"],
      exclude: ["Fixtures"]),
    .target(name: "CSealProbes", dependencies: ["CSystem"], path: "Tests/CSealProbes"),
    tests("SealTests", ["CSealProbes"]),
    library("LabFiles", path: "Tests/LabFiles", []),
    tests(
      "ModelIOTests",
      ["ModelIO", "InferenceGraph", "NetworkTraining", "LabFiles", "ReferenceInference"],
      exclude: ["Fixtures"]),
    tests("HostileTests", ["LabFiles", "ReferenceInference", "runner"], exclude: ["Fixtures"]),
    tests("LabTests", ["DefenseKit", "ModelIO", "FinePruning", "GoodNet", "LabFiles"]),
  ]
    + defenses.map { library($0, path: "Sources/Defenses/\($0)", ["DefenseKit"]) }
    + composedDefenses.map {
      library($0, path: "Sources/Defenses/\($0)", ["DefenseKit", "OccluderSearch"])
    }
    + verdicts.map { library($0, path: "Sources/Verdicts/\($0)", ["DefenseKit"]) }
    + composedVerdicts.map {
      library($0, path: "Sources/Verdicts/\($0)", ["DefenseKit", "OccluderSearch"])
    }
    + dataSetDetectors.map {
      library($0, path: "Sources/DataSetDetectors/\($0)", ["DefenseKit"])
    }
    + attacks.map { library($0, path: "Sources/Attacks/\($0)", ["DefenseKit"]) }
)
