import DefenseKit
import FinePruning
import Foundation
import GoodNet
import Testing

@testable import RunnerKit

/// What `runner new` writes is built and tested by Scripts/test.
@Suite("New packages")
struct NewCommandTests {
  /// The checkout that these tests are in.
  private static var checkout: String {
    var url = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { url.deleteLastPathComponent() }
    return url.path
  }

  @Test(
    "A package in a folder of the plugin's name",
    arguments: [
      ("defense", "--defense my-plugin"), ("detector", "--detector my-plugin"),
      (
        "attack",
        "attack my-plugin --train fashion-mnist --architecture small-cnn --output results"
      ),
    ])
  func package(_ kind: String, _ use: String) throws {
    let folder = try TemporaryFolder()
    let result = try RunnerProgram.run(["new", kind, "my-plugin"], in: folder.path)
    #expect(result.status == 0)
    #expect(result.errors == "")
    #expect(
      result.output == """
        my-plugin contains the \(kind) 'my-plugin' (type MyPlugin), tests and a runner. Next:

          cd my-plugin
          swift build -c release --build-tests
          swift test -c release --skip-build
          .build/release/my-plugin-runner \(use)

        """)
    #expect(try folder.names == ["my-plugin"])
    let package = "\(folder.path)/my-plugin"
    let files = try FileManager.default.subpathsOfDirectory(atPath: package).sorted()
    #expect(
      files == [
        ".gitignore", "Package.swift", "README.md", "Sources", "Sources/MyPlugin",
        "Sources/MyPlugin/MyPlugin.swift", "Sources/Runner", "Sources/Runner/main.swift", "Tests",
        "Tests/MyPluginTests", "Tests/MyPluginTests/MyPluginTests.swift",
      ])
    let texts = try files.filter { $0.contains(".") }.map {
      try String(contentsOfFile: "\(package)/\($0)", encoding: .utf8)
    }
    for text in texts {
      #expect(!text.contains("PluginName") && !text.contains("plugin-name"))
    }
    #expect(texts[1].contains(".package(name: \"DefenseKit\", path: \"\(Self.checkout)\")\n"))
    #expect(texts[2].contains("    .build/release/my-plugin-runner \(use)\n"))
    #expect(texts[3].contains("public struct MyPlugin: \(kind.capitalized) {"))
    #expect(
      texts[4] == """
        import MyPlugin
        import RunnerKit
        import StandardPlugins

        try Runner(plugins: standardPlugins + [MyPlugin.self]).main()

        """)
    #expect(texts[5].contains("PluginChecks(\n    MyPlugin.self, refusing: ["))
  }

  @Test("In another folder, with DefenseKit from a repository")
  func repository() throws {
    let folder = try TemporaryFolder()
    let result = try RunnerProgram.run([
      "new", "defense", "v2", "--output", "\(folder.path)/sub", "--defensekit",
      "https://git.example/kits/Backdoors.git", "--from", "1.2.3",
    ])
    #expect(result.status == 0 && result.errors == "")
    #expect(result.output.hasPrefix("\(folder.path)/sub contains the defense 'v2' (type V2), "))
    let manifest = try String(contentsOfFile: "\(folder.path)/sub/Package.swift", encoding: .utf8)
    #expect(
      manifest.contains(
        """
          dependencies: [
            .package(url: "https://git.example/kits/Backdoors.git", from: "1.2.3")
          ],

        """))
    #expect(manifest.contains(".product(name: \"RunnerKit\", package: \"Backdoors\")"))
    #expect(!manifest.contains("package: \"DefenseKit\""))
  }

  @Test(
    "Bad input is one line, and nothing is written",
    arguments: [
      (
        ["defence", "x"],
        "there is no kind of plugin 'defence'; did you mean 'defense'? (kinds: defense, detector, "
          + "data-set-detector, verdict, attack, onnx-export)"
      ),
      (
        ["thing", "x"],
        "there is no kind of plugin 'thing' (kinds: defense, detector, data-set-detector, verdict, attack, onnx-export)"
      ),
      (["defense"], "Missing expected argument '<name>'; see 'runner new --help'"),
      (
        ["defense", "MyDefense"],
        "'MyDefense' isn't a plugin's name; names are in kebab-case, as in 'my-defense'"
      ),
      (
        ["defense", "my_STRIPDefense 2"],
        "'my_STRIPDefense 2' isn't a plugin's name; names are in kebab-case, as in "
          + "'my-strip-defense-2'"
      ),
      (
        ["defense", "../x/"], "'../x/' isn't a plugin's name; names are in kebab-case, as in 'x'"
      ),
      (
        ["defense", "3d"],
        "'3d' isn't a plugin's name; names are in kebab-case, as in 'magnitude-pruning'"
      ),
      (["defense", "goodnet"], "a plugin 'goodnet' already exists; choose another name"),
      (
        ["detector", "good-net"],
        "'good-net' would make a type named GoodNet, which already exists; choose another name"
      ),
      (
        ["attack", "trigger"],
        "'trigger' would make a type named Trigger, which already exists; choose another name"
      ),
      (
        ["attack", "runnerkit"],
        "'runnerkit' would make a type named Runnerkit, which already exists; choose another name"
      ),
      (["attack", "x", "--output", ""], "--output is empty; name a folder"),
      (
        ["attack", "x", "--from", "1.0.0"],
        "--from needs --defensekit with a URL; leave it out"
      ),
      (
        ["attack", "x", "--defensekit", "https://git.example/k", "--from", "one"],
        "--from takes a version such as \(defenseKitVersion), not 'one'"
      ),
    ])
  func badInput(_ arguments: [String], _ message: String) throws {
    let folder = try TemporaryFolder()
    let result = try RunnerProgram.run(["new"] + arguments, in: folder.path)
    #expect(result.status == 64)
    #expect(result.errors == "runner: \(message)\n")
    #expect(result.output == "")
    #expect(try folder.names == [])
  }

  @Test("A folder that is no checkout, one that is there, one that cannot be made")
  func folders() throws {
    let folder = try TemporaryFolder()
    let none = try RunnerProgram.run(
      ["new", "attack", "x", "--defensekit", folder.path], in: folder.path)
    #expect(none.status == 66)
    #expect(
      none.errors
        == "runner: \(folder.path) is not a checkout of DefenseKit; give --defensekit its folder, or a "
        + "URL\n")
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/there", withIntermediateDirectories: false)
    let there = try RunnerProgram.run(["new", "attack", "there"], in: folder.path)
    #expect(there.status == 73)
    #expect(
      there.errors == "runner: there already exists; choose another name, or --output\n")
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/there") == [])
    let missing = try RunnerProgram.run(
      ["new", "attack", "x", "--output", "\(folder.path)/no/x"])
    #expect(missing.status == 73)
    #expect(
      missing.errors
        == "runner: \(folder.path)/no/x: cannot be written: no such folder (\(folder.path)/no); create "
        + "it first\n")
    #expect(try folder.names == ["there"])
  }

  @Test("The checkout that the program was built from may be gone, or not be meant to last")
  func checkoutGone() throws {
    let folder = try TemporaryFolder()
    for own in [folder.path, "\(folder.path)/.build/checkouts/DefenseKit"] {
      for part in own == folder.path ? [] : ["Sources/DefenseKitTesting"] {
        try FileManager.default.createDirectory(
          atPath: "\(own)/\(part)", withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: "\(own)/Package.swift"))
      }
      let error = #expect(throws: Failure.self) {
        try DefenseKitPlace(nil, version: nil, ownVersion: "1.0.0", own: own)
      }
      #expect(error?.status == 66)
      #expect(
        error?.message
          == "the checkout that this program was built from is no longer at \(own); give "
          + "--defensekit the folder of one, or a URL")
    }
    let place = try DefenseKitPlace(Self.checkout, version: nil, ownVersion: "1.0.0", own: "/no")
    #expect(place == .checkout(Self.checkout))
    #expect(
      DefenseKitPlace.checkout("/a \"b\"\\c").dependency
        == #".package(name: "DefenseKit", path: "/a \"b\"\\c")"#)
  }

  @Test("No type of the templates' own may be hidden by the plugin's")
  func reserved() throws {
    let place = DefenseKitPlace.checkout("/none")
    let name = try NewPluginName("qq", besides: PluginSet([FinePruning.self, GoodNet.self]))
    #expect(name.type == "Qq")
    for kind in PluginKind.allCases.map(\.rawValue) {
      for file in try PackageTemplate(kind, name, place).files where file.path.hasSuffix(".swift") {
        guard file.path.hasPrefix("Sources/Qq") || file.path.hasPrefix("Tests") else { continue }
        for line in file.text.split(separator: "\n") where !line.contains("//") {
          // Names of types outside of texts, and not those of members such as Trigger.Change.
          let code = line.replacing(/"[^"]*"/, with: "").replacing(/\.[A-Z]\w*/, with: "")
          for word in code.matches(of: /\b[A-Z]\w*/).map({ String($0.output) })
          where !word.hasPrefix("Qq") && !code.contains("import ") {
            #expect(NewPluginName.types.contains(word), "\(word) in \(file.path)")
          }
        }
      }
    }
  }

  @Test("No module of the package may be named as the plugin's")
  func reservedModules() throws {
    let reserved = NewPluginName.modules.map { $0.lowercased() }
    let groups = ["Defenses", "DataSetDetectors", "Verdicts", "Attacks"]
    for folder in ["Sources"] + groups.map({ "Sources/\($0)" }) {
      for name in try FileManager.default.contentsOfDirectory(atPath: "\(Self.checkout)/\(folder)")
      where !groups.contains(name) {
        #expect(reserved.contains(name.lowercased()), "\(folder)/\(name)")
      }
    }
  }
}
