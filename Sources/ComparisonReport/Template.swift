internal import DefenseKit
private import Foundation
internal import Mustache

/// The pages' templates: Mustache files in `Templates`, which become part of the program.
enum Template {
  /// Returns the rendered page.
  ///
  /// - Parameters:
  ///   - name: The template of the page.
  ///   - context: The values for it, without style, script and policy.
  static func page(_ name: String, _ context: [String: Any]) -> String {
    var context = context
    context["style"] = style
    context["script"] = script
    context["policy"] = policy
    return library.render(context, withTemplate: name) ?? ""
  }

  /// Escapes the values of templates by scalars.
  ///
  /// Mustache's own escaping compares characters, and misses a quotation mark with a combining
  /// accent.
  private struct Markup: MustacheContentType {
    func escapeText(_ text: String) -> String { text.markup }
  }

  private static let library: MustacheLibrary = {
    let name = "DefenseKit-markup"
    MustacheContentTypes.register(Markup(), named: name)
    let files = [
      ("page", PackageResources.page_mustache), ("table", PackageResources.table_mustache),
      ("model", PackageResources.model_mustache), ("details", PackageResources.details_mustache),
      ("scan", PackageResources.scan_mustache),
    ]
    let templates = files.map { file, bytes in
      do {
        let text = "{{% CONTENT_TYPE: \(name)}}\n" + String(decoding: bytes, as: UTF8.self)
        return (file, try MustacheTemplate(string: text))
      } catch {
        fatalError("the template \(file) has an error: \(error)")
      }
    }
    return MustacheLibrary(templates: Dictionary(uniqueKeysWithValues: templates))
  }()

  private static let style =
    "\n" + ChartStyle.pageRules + String(decoding: PackageResources.style_css, as: UTF8.self)
  private static let script = "\n" + String(decoding: PackageResources.script_js, as: UTF8.self)

  /// The content security policy: the page may run the script and use the style sheet with these
  /// hashes, and show its embedded pictures.
  private static let policy =
    "default-src 'none'; img-src data:; style-src '\(hash(style))'; script-src '\(hash(script))'; "
    + "base-uri 'none'; form-action 'none'"

  /// Returns a text's hash in the form for a content security policy.
  private static func hash(_ text: String) -> String {
    let digits = Array(sha256(of: Array(text.utf8)))
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(digits[$0...$0 + 1]), radix: 16)
    }
    return "sha256-\(Data(bytes).base64EncodedString())"
  }
}
