// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
  name: "plugin-name",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "PluginName", targets: ["PluginName"]),
    .executable(name: "plugin-name-runner", targets: ["plugin-name-runner"]),
  ],
  dependencies: [
    .package(name: "DefenseKit", path: "../DefenseKit")
  ],
  targets: [
    .target(
      name: "PluginName", dependencies: [.product(name: "DefenseKit", package: "DefenseKit")],
      swiftSettings: settings),
    .executableTarget(
      name: "plugin-name-runner",
      dependencies: ["PluginName", .product(name: "RunnerKit", package: "DefenseKit")],
      path: "Sources/Runner", swiftSettings: settings),
    .testTarget(
      name: "PluginNameTests",
      dependencies: ["PluginName", .product(name: "DefenseKitTesting", package: "DefenseKit")],
      swiftSettings: settings),
  ]
)
