import Foundation
import LabFiles
import Testing

/// A headless Chromium, driven by its debugging protocol over two pipes.
///
/// It has no network: whatever it asks for beyond local files goes to a proxy that is not there, and no name
/// resolves.
final class Browser {
  /// The program; nil if there is none.
  static let program: String? = {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    for name in ["chromium", "chromium-browser", "google-chrome"] {
      for folder in folders {
        let path = "\(folder)/\(name)"
        if FileManager.default.isExecutableFile(atPath: path) { return path }
      }
    }
    if !isRequired {
      print("SKIPPED: tests of the HTML report in a browser; install chromium")
    }
    return nil
  }()

  /// On Linux, Scripts/test installs it.
  private static var isRequired: Bool {
    #if os(Linux)
      Lab.isRequired
    #else
      false
    #endif
  }

  /// Whether the tests that need it run.
  static let isUsed = isRequired || program != nil

  /// What the page did since it was opened: the protocol's events.
  private(set) var events: [(method: String, parameters: [String: Any])] = []

  private let process = Process()
  private let requests = Pipe()
  private let answers = Pipe()
  private let profile = FileManager.default.temporaryDirectory
    .appendingPathComponent("chromium-\(UUID().uuidString)")
  private var received = Data()
  private var number = 0
  private var session: String?

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  init() throws {
    let program = try #require(Self.program, "chromium is missing: apt-get install chromium")
    // A browser that ends early must not end the tests.
    signal(SIGPIPE, SIG_IGN)
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    // The protocol's pipes are descriptors 3 and 4.
    process.arguments =
      ["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh", program]
      + [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--no-first-run", "--disable-extensions", "--hide-scrollbars",
        "--proxy-server=127.0.0.1:1", "--proxy-bypass-list=<-loopback>",
        "--host-resolver-rules=MAP * ~NOTFOUND", "--user-data-dir=\(profile.path)",
        "--remote-debugging-pipe", "about:blank",
      ]
    process.standardInput = requests
    process.standardOutput = answers
    process.standardError = FileHandle.nullDevice
    try process.run()
    // A browser that hangs must not hang the tests; its end ends the waiting for its answers.
    let process = process
    DispatchQueue.global().asyncAfter(deadline: .now() + 300) { process.terminate() }
    let targets = try call("Target.getTargets")["targetInfos"] as? [[String: Any]]
    let page = try #require(targets?.first { $0["type"] as? String == "page" })
    let attached = try call(
      "Target.attachToTarget", ["targetId": page["targetId"] ?? "", "flatten": true])
    session = attached["sessionId"] as? String
    for domain in ["Page", "Runtime", "Log", "Network"] { try call("\(domain).enable") }
  }

  deinit {
    _ = try? call("Browser.close", inSession: false)
    process.terminate()
    process.waitUntilExit()
    try? FileManager.default.removeItem(at: profile)
  }

  /// Sends a command and waits for its result.
  @discardableResult
  func call(
    _ method: String, _ parameters: [String: Any] = [:], inSession: Bool = true
  ) throws -> [String: Any] {
    number += 1
    var message: [String: Any] = ["id": number, "method": method, "params": parameters]
    if inSession, let session { message["sessionId"] = session }
    try requests.fileHandleForWriting.write(
      contentsOf: JSONSerialization.data(withJSONObject: message) + [0])
    while true {
      let answer = try receive()
      guard answer["id"] as? Int == number else { continue }
      if let error = answer["error"] as? [String: Any] {
        throw Failure(description: "\(method): \(error["message"] ?? error)")
      }
      return answer["result"] as? [String: Any] ?? [:]
    }
  }

  /// Waits for a message; events are kept.
  private func receive() throws -> [String: Any] {
    while true {
      if let end = received.firstIndex(of: 0) {
        let message = received[received.startIndex..<end]
        received = Data(received[(end + 1)...])
        let object = try JSONSerialization.jsonObject(with: message) as? [String: Any] ?? [:]
        if let method = object["method"] as? String {
          events.append((method, object["params"] as? [String: Any] ?? [:]))
        }
        return object
      }
      let more = answers.fileHandleForReading.availableData
      guard !more.isEmpty else { throw Failure(description: "the browser ended") }
      received += more
    }
  }

  /// Opens a file and waits until it is loaded.
  func open(_ file: URL, width: Int = 1400, height: Int = 1000, dark: Bool = false) throws {
    try resize(width: width, height: height)
    try call(
      "Emulation.setEmulatedMedia",
      ["features": [["name": "prefers-color-scheme", "value": dark ? "dark" : "light"]]])
    events = []
    try call("Page.navigate", ["url": file.absoluteString])
    while !events.contains(where: { $0.method == "Page.loadEventFired" }) { _ = try receive() }
  }

  /// Changes the window's size.
  func resize(width: Int, height: Int = 1000) throws {
    try call(
      "Emulation.setDeviceMetricsOverride",
      ["width": width, "height": height, "deviceScaleFactor": 1, "mobile": false])
  }

  /// Returns the value of an expression in the page, or of the promise that it is.
  @discardableResult
  func value(_ expression: String, waits: Bool = false) throws -> Any? {
    let result = try call(
      "Runtime.evaluate",
      [
        "expression": expression, "returnByValue": true, "userGesture": true,
        "awaitPromise": waits,
      ])
    if let details = result["exceptionDetails"] as? [String: Any] {
      throw Failure(description: "\(expression): \(details)")
    }
    return (result["result"] as? [String: Any])?["value"]
  }

  /// Presses and releases a key.
  func press(_ key: String, code: Int, text: String? = nil) throws {
    for type in ["keyDown", "keyUp"] {
      var parameters: [String: Any] = [
        "type": type, "key": key, "code": key, "windowsVirtualKeyCode": code,
      ]
      if type == "keyDown", let text { parameters["text"] = text }
      try call("Input.dispatchKeyEvent", parameters)
    }
  }

  /// A picture of the whole page as PNG.
  func picture() throws -> Data {
    let result = try call(
      "Page.captureScreenshot", ["format": "png", "captureBeyondViewport": true])
    return try #require(Data(base64Encoded: result["data"] as? String ?? ""))
  }

  /// The page as PDF.
  func pdf() throws -> Data {
    let result = try call(
      "Page.printToPDF", ["preferCSSPageSize": true, "printBackground": true])
    return try #require(Data(base64Encoded: result["data"] as? String ?? ""))
  }

  /// What the page should not have done: errors and warnings on the console, dialogs, and addresses that are neither the
  /// file itself nor data.
  var complaints: [String] {
    events.compactMap { event in
      switch event.method {
      case "Runtime.exceptionThrown", "Page.javascriptDialogOpening", "Runtime.consoleAPICalled":
        return "\(event.method): \(event.parameters)"
      case "Log.entryAdded":
        let entry = event.parameters["entry"] as? [String: Any] ?? [:]
        return "\(entry["level"] ?? ""): \(entry["text"] ?? "")"
      case "Network.requestWillBeSent":
        let request = event.parameters["request"] as? [String: Any]
        let url = request?["url"] as? String ?? ""
        return url.hasPrefix("file:") || url.hasPrefix("data:") ? nil : "request of \(url)"
      default: return nil
      }
    }
  }
}
