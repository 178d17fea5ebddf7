/// Returns the known name that the user most likely meant; nil if none is close.
///
/// Close means an edit distance (insertions, deletions, substitutions, swaps of neighbours) of at
/// most a third of the longer name, or of 1; or that one name begins with the other and `name` has
/// three letters or more. Ties go to the first of `known`.
public func nearestName(to name: String, among known: [String]) -> String? {
  let wanted = Array(name.lowercased())
  var best: (name: String, distance: Int)?
  for candidate in known {
    let letters = Array(candidate.lowercased())
    let prefixed =
      wanted.count >= 3 && (letters.starts(with: wanted) || wanted.starts(with: letters))
    let distance = prefixed ? 1 : editDistance(wanted, letters)
    guard distance <= max(1, max(wanted.count, letters.count) / 3) else { continue }
    if best.map({ distance < $0.distance }) ?? true { best = (candidate, distance) }
  }
  return best?.name
}

/// The optimal string alignment distance, computed with three rows of the table.
func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  var older: [Int] = []
  var old = Array(0...b.count)
  for i in a.indices {
    var new = [i + 1]
    for j in b.indices {
      var least = min(old[j + 1] + 1, new[j] + 1, old[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, older[j - 1] + 1) }
      new.append(least)
    }
    (older, old) = (old, new)
  }
  return old[b.count]
}

/// The end of a message about an unknown name: a suggestion, if any, and the known names.
func hint(for name: String, among known: [String], as kind: String) -> String {
  let suggestion = nearestName(to: name, among: known).map { "; did you mean '\($0)'?" } ?? ""
  let list = known.isEmpty ? "none" : known.joined(separator: ", ")
  return "\(suggestion) (\(kind): \(list))"
}
