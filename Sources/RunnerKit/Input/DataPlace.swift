internal import DefenseKit

/// A file or folder of images, or a range of its images: `test.h5:0-2000`.
struct DataPlace: Sendable, Hashable {
  /// The path of the file or folder.
  let path: String
  /// The indices of the images; nil: all.
  let range: Range<Int>?

  /// Reads a path, with a range behind it unless something has that name.
  init(_ text: String) {
    guard FileIdentity(text) == nil, let colon = text.lastIndex(of: ":"), colon > text.startIndex,
      let range = Self.range(text[text.index(after: colon)...])
    else {
      (path, range) = (text, nil)
      return
    }
    (path, self.range) = (String(text[..<colon]), range)
  }

  /// Reads `FROM-TO`, the latter excluded; nil for another text, or an empty range.
  static func range(_ text: some StringProtocol) -> Range<Int>? {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard ends.count == 2, let from = ends[0], let to = ends[1], from < to else { return nil }
    return from..<to
  }
}
