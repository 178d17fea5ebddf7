import ComparisonReport
import DefenseKit
import Foundation
import Testing

/// The page in a real browser.
@Suite("The report in a browser", .enabled(if: Browser.isUsed), .serialized)
struct BrowserTests {
  /// Writes a page and opens it.
  private func opened(_ report: ComparisonReport, width: Int = 1400) throws -> Browser {
    let browser = try Browser()
    try browser.open(try Self.written(report.html), width: width)
    return browser
  }

  static func written(_ html: String) throws -> URL {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("report-\(UUID().uuidString).html")
    try html.write(to: url, atomically: true, encoding: .utf8)
    return url
  }

  private func sampleReport(models: Int = 3) throws -> ComparisonReport {
    var sample = Sample()
    sample.models = Array(sample.models.prefix(models))
    let (records, costs) = try sample.results()
    return ComparisonReport(title: "Three attacks", records: records, costs: costs)
  }

  /// The table's column as it stands, from top to bottom.
  private func column(_ number: Int, _ browser: Browser) throws -> [String] {
    try #require(
      try browser.value(
        "[...document.querySelector('.sortable').tBodies[0].rows]"
          + ".map(row => row.cells[\(number)]?.firstChild?.textContent ?? '')") as? [String])
  }

  /// Expects nothing to be wider than the window, at any width.
  func expectNoOverflow(_ browser: Browser) throws {
    for width in [320, 400, 700, 1400] {
      try browser.resize(width: width)
      let widths = try browser.value(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
      #expect(widths as? [Int] == [width, width], "at \(width)")
    }
  }

  @Test("No error, no request, nothing wider than the window")
  func quiet() throws {
    let browser = try opened(try sampleReport())
    #expect(browser.complaints == [])
    // The icon, the picture of each model, and the page.
    #expect(browser.events.contains { $0.method == "Network.requestWillBeSent" })
    try expectNoOverflow(browser)
  }

  @Test("The page's policy stops what somebody might smuggle in")
  func policy() throws {
    let browser = try opened(try sampleReport())
    try browser.value(
      "document.body.append(Object.assign(new Image(), { src: 'https://example.org/a.png' })); "
        + "document.body.append(Object.assign(document.createElement('script'), "
        + "{ textContent: 'window.hacked = true' })); "
        + "document.body.setAttribute('onclick', 'window.hacked = true'); document.body.click(); "
        + "document.body.setAttribute('style', 'color: red')")
    #expect(try browser.value("window.hacked ?? false") as? Bool == false)
    #expect(try browser.value("document.body.style.length") as? Int == 0)
    let fetched =
      "fetch('https://example.org/').then(() => 'fetched', error => 'refused')"
    #expect(try browser.value(fetched, waits: true) as? String == "refused")
    let refused = browser.complaints.filter { $0.contains("Content Security Policy") }
    #expect(refused.count >= 5, "\(browser.complaints)")
    // The image and what was fetched never left the page.
    let failed = browser.events.filter { $0.method == "Network.loadingFailed" }
    #expect(failed.allSatisfy { $0.parameters["blockedReason"] as? String == "csp" })
    let asked = browser.events.filter { event in
      event.method == "Network.requestWillBeSent"
        && ((event.parameters["request"] as? [String: Any])?["url"] as? String ?? "")
          .hasPrefix("https:")
    }
    #expect(asked.count == failed.count)
  }

  @Test("Charts and tables say what they are to those who do not see them")
  func accessible() throws {
    let browser = try opened(try sampleReport(models: 1))
    let unnamed = try browser.value(
      "[...document.querySelectorAll('svg')].filter(svg => svg.getAttribute('role') !== 'img' "
        + "|| svg.getAttribute('aria-labelledby').split(' ')"
        + ".some(id => !svg.querySelector('#' + id)?.textContent)).length")
    #expect(unnamed as? Int == 0)
    let repeated = try browser.value(
      "(ids => ids.length - new Set(ids).size)([...document.querySelectorAll('[id]')].map(e => e.id))"
    )
    #expect(repeated as? Int == 0)
    let dangling = try browser.value(
      "[...document.querySelectorAll('a[href^=\"#\"]')].filter(a => !document.querySelector("
        + "a.getAttribute('href'))).length")
    #expect(dangling as? Int == 0)
    let nameless = try browser.value(
      "[...document.querySelectorAll('img:not([alt]), .scroll:not([aria-label])')].length")
    #expect(nameless as? Int == 0)
    // The browser's own view of what a chart is.
    try browser.call("Accessibility.enable")
    let tree = try browser.call("Accessibility.getFullAXTree")["nodes"] as? [[String: Any]] ?? []
    let images = tree.filter {
      ["image", "img"].contains(($0["role"] as? [String: Any])?["value"] as? String ?? "")
    }
    let names = images.map { ($0["name"] as? [String: Any])?["value"] as? String ?? "" }
    #expect(names.contains { $0.hasPrefix("badnets, no detector suspect: clean accuracy 90.50 %") })
    #expect(names.allSatisfy { !$0.isEmpty })
  }

  /// The least contrast of a text with what lies behind it, and the text; charts have a test of their own.
  static let leastContrast = """
    (() => {
      const parts = colour => {
        const numbers = colour.match(/[\\d.]+/g).map(Number), isShare = colour.startsWith('color(');
        return [...numbers.slice(0, 3).map(x => isShare ? x * 255 : x), numbers[3] ?? 1];
      };
      const ground = element => {
        for (let e = element; e; e = e.parentElement) {
          const colour = parts(getComputedStyle(e).backgroundColor);
          if (colour[3] > 0) return colour;
        }
        return [255, 255, 255, 1];
      };
      const luminance = colour => colour.slice(0, 3).map(x => x / 255)
        .map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)
        .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
      return [...document.body.querySelectorAll('*')]
        .filter(e => !e.closest('svg, .skip') && e.checkVisibility()
          && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
        .map(e => {
          const [a, b] = [parts(getComputedStyle(e).color), ground(e)].map(luminance);
          return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.textContent.slice(0, 40)];
        }).sort((a, b) => a[0] - b[0])[0];
    })()
    """

  @Test("Text stands out from the page: 4.5 : 1, light and dark", arguments: [false, true])
  func contrast(dark: Bool) throws {
    let browser = try Browser()
    try browser.open(try Self.written(try sampleReport(models: 1).html), dark: dark)
    let ground = try browser.value("getComputedStyle(document.body).backgroundColor") as? String
    let isDark =
      try #require(ground?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }) < 64
    #expect(isDark == dark)
    let least = try #require(try browser.value(Self.leastContrast) as? [Any])
    #expect((least[0] as? Double ?? 0) >= 4.5, "\(least)")
  }

  @Test("Printed: sheets across, with what is folded up on the screen, and no buttons")
  func printed() throws {
    let browser = try opened(try sampleReport())
    let pdf = try #require(
      try browser.call("Page.printToPDF", ["preferCSSPageSize": true])["data"] as? String)
    let text = String(
      decoding: try #require(Data(base64Encoded: pdf)), as: Unicode.ASCII.self)
    // Three models with five kinds of charts each, the table and the rest.
    let sheets = text.matches(of: /\/Type *\/Page\b(?!s)/).count
    #expect((8...40).contains(sheets), "\(sheets) sheets")
    let boxes = text.matches(of: /\/MediaBox *\[0 0 ([\d.]+) ([\d.]+)\]/)
    #expect(!boxes.isEmpty)
    #expect(boxes.allSatisfy { Double($0.output.1) ?? 0 > Double($0.output.2) ?? 0 })
    try browser.call("Emulation.setEmulatedMedia", ["media": "print"])
    let hidden = try browser.value(
      "[...document.querySelectorAll('details svg')].filter(e => !e.checkVisibility()).length")
    #expect(hidden as? Int == 0)
    let buttons = try browser.value(
      "[...document.querySelectorAll('button')].filter(e => e.checkVisibility()).length")
    #expect(buttons as? Int == 0)
  }

  @Test("A press on a heading sorts, by mouse and by keyboard, numbers as numbers")
  func sorting() throws {
    let browser = try opened(try sampleReport())
    let before = try column(1, browser)
    func press(_ heading: String) throws {
      try browser.value(
        "[...document.querySelectorAll('.sortable thead button')]"
          + ".find(b => b.textContent.startsWith('\(heading)')).click()")
    }
    func state() throws -> [String] {
      try browser.value(
        "[...document.querySelectorAll('.sortable [aria-sort]')]"
          + ".map(h => h.firstChild.textContent + ': ' + h.getAttribute('aria-sort'))") as? [String]
        ?? []
    }
    #expect(try state() == [])

    try press("Attack success")
    #expect(try state() == ["Attack success %: ascending"])
    let up = try column(5, browser)
    let numbers = up.compactMap(Double.init)
    #expect(numbers == numbers.sorted())
    #expect(numbers.count == up.count - 1, "the failed one has no figure")
    #expect(up.last == "")
    // As texts, "100.00" would stand before "9.00".
    #expect(numbers.map { "\($0)" } != numbers.map { "\($0)" }.sorted())

    try press("Attack success")
    #expect(try state() == ["Attack success %: descending"])
    let down = try column(5, browser)
    #expect(down.compactMap(Double.init) == numbers.reversed())
    #expect(down.last == "", "what has no figure stays at the end")

    // By keyboard: the heading has the focus, the space bar presses it.
    try browser.value("document.querySelectorAll('.sortable thead button')[1].focus()")
    try browser.press(" ", code: 32, text: " ")
    #expect(try state() == ["Defense: ascending"])
    let names = try column(1, browser)
    #expect(names != before && names.sorted() == before.sorted())
    #expect(names.first == "clp")
    #expect(
      names.filter { $0.hasPrefix("fine-pruning ") }.distinctNeighbours
        == ["fine-pruning 2 %", "fine-pruning 4 %", "fine-pruning 10 %"])
    #expect(browser.complaints == [])
  }

  @Test("Hostile names are shown and do nothing")
  func hostile() throws {
    var report = try sampleReport()
    report = ComparisonReport(
      title: Hostile.names[0], records: Hostile.records(report.records), costs: report.costs,
      notes: Hostile.names.map { .init($0, $0) })
    let browser = try opened(report)
    #expect(browser.complaints == [])
    #expect(try browser.value("window.hacked ?? false") as? Bool == false)
    let strange = try browser.value(
      "[...document.querySelectorAll('*')].filter(e => ['IMG', 'SCRIPT', 'IFRAME', 'OBJECT', 'STYLE', "
        + "'LINK', 'A', 'INPUT', 'B'].includes(e.tagName)"
        + " && !(e.tagName === 'IMG' && e.src.startsWith('data:image/png'))"
        + " && !(e.tagName === 'A' && e.getAttribute('href').startsWith('#'))).map(e => e.outerHTML"
        + ".slice(0, 20))")
    #expect(
      strange as? [String]
        == [
          "<link rel=\"icon\" hre", "<style>\n:root {\n  --", "<script>\n// Sorts a ",
        ])
    let handlers = try browser.value(
      "[...document.querySelectorAll('*')].flatMap(e => [...e.attributes]).filter(a => "
        + "/^on|^style$|xlink/i.test(a.name) || /javascript:/i.test(a.value) && a.name !== 'alt').length"
    )
    #expect(handlers as? Int == 0)
    // Every name is read as it is, hidden characters as messages write them.
    let text = try #require(try browser.value("document.body.textContent") as? String)
    for name in Hostile.names { #expect(text.contains(name.visible), "\(name.visible)") }
    #expect(try browser.value("document.title") as? String == Hostile.names[0].visible)
    try expectNoOverflow(browser)
  }

  @Test("A chart alone is a picture that browsers show")
  func charts() throws {
    let report = try sampleReport()
    let browser = try Browser()
    for chart in [report.charts[0], try #require(report.charts.last)] {
      let url = FileManager.default.temporaryDirectory
        .appendingPathComponent("chart-\(UUID().uuidString).svg")
      try chart.svg.write(to: url, atomically: true, encoding: .utf8)
      defer { try? FileManager.default.removeItem(at: url) }
      try browser.open(url)
      #expect(browser.complaints == [])
      #expect(try browser.value("document.documentElement.tagName") as? String == "svg")
      #expect(try browser.value("document.querySelector('parsererror') === null") as? Bool == true)
      let colours =
        try browser.value(
          "[...document.querySelectorAll('.ground, .line, .mark')].map(e => getComputedStyle(e))"
            + ".map(s => s.stroke === 'none' ? s.fill : s.stroke)") as? [String]
      #expect(colours?.first == "rgb(255, 255, 255)")
      #expect(Set(colours ?? []).count > 2)
    }
  }

  /// Pictures of the page for people to look at: `DEFENSEKIT_PICTURES` names the folder.
  @Test(
    "Pictures",
    .enabled(if: ProcessInfo.processInfo.environment["DEFENSEKIT_PICTURES"] != nil))
  func pictures() throws {
    let path = try #require(ProcessInfo.processInfo.environment["DEFENSEKIT_PICTURES"])
    let folder = URL(fileURLWithPath: path)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var sample = Sample()
    let (records, costs) = try sample.results()
    let report = ComparisonReport(
      title: "Three attacks on Fashion-MNIST", records: records, costs: costs,
      notes: [.init("Command", "runner compare --plan plan.yaml"), .init("Threads", "2")])
    let page = folder.appendingPathComponent("report.html")
    try report.html.write(to: page, atomically: true, encoding: .utf8)
    for (file, svg) in report.charts {
      try svg.write(to: folder.appendingPathComponent(file), atomically: true, encoding: .utf8)
    }
    // As many classes as the lab's faces have.
    sample.models = ["faces"]
    sample.classes = 1283
    let faces = ComparisonReport(records: try sample.results().0).charts
    let classes = try #require(faces.first { $0.file == "faces-classes.svg" })
    try classes.svg.write(
      to: folder.appendingPathComponent(classes.file), atomically: true, encoding: .utf8)
    let hostile = folder.appendingPathComponent("hostile.html")
    try ComparisonReport(
      title: Hostile.names[0], records: Hostile.records(records), costs: costs,
      notes: Hostile.names.map { .init($0, $0) }
    ).html.write(to: hostile, atomically: true, encoding: .utf8)
    let browser = try Browser()
    for width in [400, 1400] {
      for dark in [false, true] {
        try browser.open(page, width: width, dark: dark)
        try browser.picture().write(
          to: folder.appendingPathComponent("\(width)-\(dark ? "dark" : "light").png"))
      }
    }
    try browser.open(page)
    try browser.pdf().write(to: folder.appendingPathComponent("print.pdf"))
  }
}

extension [String] {
  /// The elements without those that equal the one before.
  fileprivate var distinctNeighbours: [String] {
    enumerated().filter { $0.offset == 0 || self[$0.offset - 1] != $0.element }.map(\.element)
  }
}
