/// Finds images that are in two data sets which should have none in common.
struct ImageOverlap {
  /// A data set with its role.
  private struct Member {
    let role: String
    let name: String
    let prints: ImagePrints
  }

  private let clean: [Member]
  private let poisoned: Member?

  init(clean: CleanData?, test: CleanData?, poisoned: PoisonedData?) {
    self.clean = [("clean", clean), ("test", test)].compactMap { role, data in
      data.map { Member(role: role, name: $0.name, prints: $0.prints) }
    }
    self.poisoned = poisoned.map { Member(role: "poisoned", name: $0.name, prints: $0.prints) }
  }

  /// Throws if the poisoned images are clean ones.
  ///
  /// For the beginning of a run: compares whole sets only if their first images are equal.
  func checkFirst() throws {
    guard let poisoned else { return }
    for clean in clean where clean.prints.count == poisoned.prints.count {
      if try clean.prints.first(Self.looked) == poisoned.prints.first(Self.looked) {
        try refuseIfSame(clean, poisoned)
      }
    }
  }

  private static let looked = 16

  /// Throws if the poisoned images are clean ones in any order, and warns about single images that
  /// are in two sets.
  ///
  /// Cheap after a pass over the sets; reads a set again if there was no pass over it.
  func check(in context: RunContext) throws {
    if let poisoned {
      for clean in clean {
        try refuseIfSame(clean, poisoned)
        let (count, words) = try common(clean, poisoned)
        if count > 0 {
          context.warn("\(words) and carry no trigger; leave them out")
        }
      }
    }
    if clean.count == 2 {
      let (count, words) = try common(clean[0], clean[1])
      if count > 0 {
        context.warn(
          "\(words), which the defense sees; this flatters the results; use other test images")
      }
    }
  }

  private func refuseIfSame(_ clean: Member, _ poisoned: Member) throws {
    guard clean.prints.count == poisoned.prints.count,
      try clean.prints.all().sorted() == poisoned.prints.all().sorted()
    else { return }
    throw DataError(
      "the \(clean.role) and the poisoned images are the same \(poisoned.prints.count)",
      about: .dataSet(Self.names(clean, poisoned)),
      remedies: [.advice("give images with the trigger as poisoned ones")])
  }

  /// Returns how many images of the second set are in the first, and a sentence that begins with
  /// it.
  private func common(_ first: Member, _ second: Member) throws -> (count: Int, words: String) {
    let known = Set(try first.prints.all())
    let all = second.prints.count
    let count = try second.prints.all().count { known.contains($0) }
    let share = count == all ? "all \(all)" : "\(count) of the \(all)"
    return (
      count,
      "\(Self.names(first, second)): \(share) \(second.role) images are also \(first.role) images"
    )
  }

  private static func names(_ a: Member, _ b: Member) -> String {
    a.name == b.name ? a.name : "\(a.name) and \(b.name)"
  }
}
