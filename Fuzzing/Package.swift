// swift-tools-version: 6.2
import PackageDescription

// Built by Scripts/fuzz, which has every module watched by the sanitizers and makes internals visible; see there.
let package = Package(
  name: "Fuzzing",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "DefenseKit", path: "..")],
  targets: [
    .executableTarget(
      name: "fuzz",
      dependencies: [
        .product(name: "DefenseKit", package: "DefenseKit"),
        .product(name: "RunnerKit", package: "DefenseKit"),
      ],
      swiftSettings: [
        .swiftLanguageMode(.v6), .strictMemorySafety(),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
      ],
      // Debian's gold, which Swift would use, stops at what the sanitizers write into objects.
      linkerSettings: [.unsafeFlags(["-use-ld=lld"], .when(platforms: [.linux]))])
  ]
)
