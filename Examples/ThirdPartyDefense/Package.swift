// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A plugin, which sees DefenseKit alone.
func plugin(_ name: String) -> Target {
  .target(
    name: name, dependencies: [.product(name: "DefenseKit", package: "DefenseKit")],
    swiftSettings: settings)
}

/// The tests of a plugin, which get the checks beside.
func tests(_ plugin: String) -> Target {
  .testTarget(
    name: "\(plugin)Tests",
    dependencies: [
      .byName(name: plugin), .product(name: "DefenseKitTesting", package: "DefenseKit"),
    ], swiftSettings: settings)
}

let package = Package(
  name: "ThirdPartyDefense",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "MagnitudePruning", targets: ["MagnitudePruning"]),
    .library(name: "DivergenceThreshold", targets: ["DivergenceThreshold"]),
    .library(name: "Frame", targets: ["Frame"]),
    .executable(name: "my-runner", targets: ["my-runner"]),
    .executable(name: "compare", targets: ["compare"]),
  ],
  dependencies: [
    // The name must be given: a path alone goes by the name of the folder that holds the checkout.
    .package(name: "DefenseKit", path: "../..")
  ],
  targets: [
    plugin("MagnitudePruning"),
    plugin("DivergenceThreshold"),
    plugin("Frame"),
    .executableTarget(
      name: "my-runner",
      dependencies: [
        "MagnitudePruning", "DivergenceThreshold", "Frame",
        .product(name: "RunnerKit", package: "DefenseKit"),
      ], path: "Sources/MyRunner", swiftSettings: settings),
    .executableTarget(
      name: "compare",
      dependencies: [
        "MagnitudePruning",
        .product(name: "DefenseKit", package: "DefenseKit"),
        .product(name: "RunnerKit", package: "DefenseKit"),
      ], path: "Sources/Compare", swiftSettings: settings),
    tests("MagnitudePruning"),
    tests("DivergenceThreshold"),
    tests("Frame"),
  ]
)
