import ComparisonReport
import DefenseKit
import Foundation
import Testing

/// The page of a scan in a real browser.
@Suite("The page of a scan in a browser", .enabled(if: Browser.isUsed), .serialized)
struct ScanBrowserTests {
  private func opened(
    _ sample: ScanSample, width: Int = 1400, dark: Bool = false
  ) throws -> Browser {
    let browser = try Browser()
    try browser.open(
      try BrowserTests.written(sample.page().html), width: width, dark: dark)
    return browser
  }

  @Test("No error, no request, nothing wider than the window", arguments: [10, 1283])
  func quiet(classes: Int) throws {
    let browser = try opened(ScanSample(classes: classes))
    #expect(browser.complaints == [])
    try BrowserTests().expectNoOverflow(browser)
    // Every picture has been decoded.
    let broken = try browser.value("[...document.images].filter(i => !i.naturalWidth).length")
    #expect(broken as? Int == 0)
    #expect(try browser.value("document.images.length") as? Int == 4)
  }

  @Test("Text stands out from the page: 4.5 : 1, light and dark", arguments: [false, true])
  func contrast(dark: Bool) throws {
    let browser = try opened(ScanSample(), dark: dark)
    let least = try #require(try browser.value(BrowserTests.leastContrast) as? [Any])
    #expect((least[0] as? Double ?? 0) >= 4.5, "\(least)")
  }

  @Test("Charts, tables and pictures have names, and links lead somewhere")
  func accessible() throws {
    let browser = try opened(ScanSample())
    for expression in [
      "[...document.querySelectorAll('svg')].filter(svg => svg.getAttribute('role') !== 'img' "
        + "|| svg.getAttribute('aria-labelledby').split(' ')"
        + ".some(id => !svg.querySelector('#' + id)?.textContent)).length",
      "(ids => ids.length - new Set(ids).size)([...document.querySelectorAll('[id]')].map(e => e.id))",
      "[...document.querySelectorAll('a[href^=\"#\"]')].filter(a => !document.querySelector("
        + "a.getAttribute('href'))).length",
      "[...document.querySelectorAll('img:not([alt]), .scroll:not([aria-label])')].length",
    ] {
      #expect(try browser.value(expression) as? Int == 0, "\(expression)")
    }
  }

  @Test("Hostile texts are shown and do nothing")
  func hostile() throws {
    let browser = try opened(ScanSample(isHostile: true))
    #expect(browser.complaints == [])
    #expect(try browser.value("window.hacked ?? false") as? Bool == false)
    let strange = try browser.value(
      "[...document.querySelectorAll('*')].filter(e => ['IMG', 'SCRIPT', 'IFRAME', 'OBJECT', 'STYLE', "
        + "'LINK', 'A', 'INPUT', 'B'].includes(e.tagName)"
        + " && !(e.tagName === 'IMG' && e.src.startsWith('data:image/png'))"
        + " && !(e.tagName === 'A' && e.getAttribute('href').startsWith('#'))).length")
    // The icon, the style sheet and the script of the page.
    #expect(strange as? Int == 3)
    let handlers = try browser.value(
      "[...document.querySelectorAll('*')].flatMap(e => [...e.attributes]).filter(a => "
        + "/^on|^style$|xlink/i.test(a.name) || /javascript:/i.test(a.value) && a.name !== 'alt').length"
    )
    #expect(handlers as? Int == 0)
    let text = try #require(try browser.value("document.body.textContent") as? String)
    for name in Hostile.names { #expect(text.contains(name.visible), "\(name.visible)") }
    try BrowserTests().expectNoOverflow(browser)
  }

  @Test("A press on a heading sorts the scores, highest first to begin with")
  func sorting() throws {
    let browser = try opened(ScanSample())
    func column(_ number: Int) throws -> [String] {
      try browser.value(
        "[...document.querySelector('.sortable').tBodies[0].rows]"
          + ".map(row => row.cells[\(number)].textContent)") as? [String] ?? []
    }
    let scores = try column(1).compactMap(Double.init)
    #expect(scores.count == 10 && scores == scores.sorted(by: >))
    try browser.value("document.querySelector('.sortable thead button').click()")
    #expect(try column(0) == (0..<10).map(String.init))
    #expect(try column(2).filter { $0 == "target class" }.count == 2)
  }

  /// Pictures of the page for people to look at: `DEFENSEKIT_PICTURES` names the folder.
  @Test(
    "Pictures",
    .enabled(if: ProcessInfo.processInfo.environment["DEFENSEKIT_PICTURES"] != nil))
  func pictures() throws {
    let path = try #require(ProcessInfo.processInfo.environment["DEFENSEKIT_PICTURES"])
    let folder = URL(fileURLWithPath: path)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let page = folder.appendingPathComponent("scan.html")
    try ScanSample(classes: 1283).page().html.write(to: page, atomically: true, encoding: .utf8)
    let browser = try Browser()
    for width in [400, 1400] {
      for dark in [false, true] {
        try browser.open(page, width: width, dark: dark)
        try browser.picture().write(
          to: folder.appendingPathComponent("scan-\(width)-\(dark ? "dark" : "light").png"))
      }
    }
    try browser.open(page)
    try browser.pdf().write(to: folder.appendingPathComponent("scan.pdf"))
  }
}
