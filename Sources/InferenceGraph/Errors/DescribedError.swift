/// An error that says, as data, what it is about, what is wrong, and what to do.
///
/// ``description`` puts the parts into one line, in the words of the library. A program that names
/// options or files in another way composes its own line with ``text(subject:remedy:)``.
public protocol DescribedError: Error, CustomStringConvertible {
  /// What the error is about; nil if ``problem`` says it.
  var subject: ErrorSubject? { get }
  /// What is wrong.
  ///
  /// After an option or a plugin, it is the rest of the sentence: "takes a number over 0".
  var problem: String { get }
  /// What to do, alternatives of each other; empty if ``problem`` says it.
  var remedies: [Remedy] { get }
}

extension DescribedError {
  /// The subject, the problem and the remedies in one line.
  public var description: String { text(subject: \.description, remedy: \.description) }

  /// Returns the error in one line, with the caller's words for the subject and the remedies.
  public func text(
    subject: (ErrorSubject) -> String, remedy: (Remedy) -> String
  ) -> String {
    let start = self.subject.map { subject($0) + $0.separator } ?? ""
    let end = remedies.isEmpty ? "" : "; \(alternatives(remedies.map(remedy)))"
    return start + problem + end
  }
}
