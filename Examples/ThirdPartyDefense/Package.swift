// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

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
    .target(
      name: "MagnitudePruning", dependencies: [.product(name: "DefenseKit", package: "DefenseKit")],
      swiftSettings: settings),
    .target(
      name: "DivergenceThreshold",
      dependencies: [.product(name: "DefenseKit", package: "DefenseKit")],
      swiftSettings: settings),
    .target(
      name: "Frame", dependencies: [.product(name: "DefenseKit", package: "DefenseKit")],
      swiftSettings: settings),
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
  ]
)
