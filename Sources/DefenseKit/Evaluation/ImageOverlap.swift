/// Finds images that are in two data sets which should have none in common.
struct ImageOverlap {
  /// A data set with its role.
  private typealias Member = (role: DataRole, images: ImageSet)

  private let clean: [Member]
  private let poisoned: Member?

  /// Compares the sets of the roles `clean`, `test` and `poisoned` with each other.
  init(_ sets: [(role: DataRole, images: ImageSet)]) {
    clean = sets.filter { $0.role == .clean || $0.role == .test }
    poisoned = sets.first { $0.role == .poisoned }
  }

  /// Throws if the poisoned images are clean ones.
  ///
  /// For the beginning of a run: compares whole sets only if their first images are equal.
  func checkFirst() throws {
    guard let poisoned else { return }
    for clean in clean where clean.images.count == poisoned.images.count {
      if try clean.images.prints.first(Self.probeCount)
        == poisoned.images.prints.first(Self.probeCount)
      {
        try refuseIfSame(clean, poisoned)
      }
    }
  }

  private static let probeCount = 16

  /// Throws if the poisoned images are clean ones in any order, and warns about single images that
  /// are in two sets, and about test images that are nearly clean ones.
  ///
  /// Cheap after a pass over the sets; reads a set again if there was no pass over it, and up to
  /// 3,000 images in any case.
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
      try NearCopies(clean: clean[0].images, test: clean[1].images)
        .check(Self.names(clean[0], clean[1]), in: context)
    }
  }

  private func refuseIfSame(_ clean: Member, _ poisoned: Member) throws {
    guard clean.images.count == poisoned.images.count,
      try clean.images.prints.all().sorted() == poisoned.images.prints.all().sorted()
    else { return }
    throw DataError(
      "the \(clean.role.rawValue) and the poisoned images are the same \(poisoned.images.count)",
      about: .dataSet(Self.names(clean, poisoned)),
      remedies: [.advice("give images with the trigger as poisoned ones")])
  }

  /// Returns how many images of the second set are in the first, and a sentence that begins with
  /// it.
  private func common(_ first: Member, _ second: Member) throws -> (count: Int, words: String) {
    let known = Set(try first.images.prints.all())
    let all = second.images.count
    let count = try second.images.prints.all().count { known.contains($0) }
    let share = count == all ? "all \(all)" : "\(count) of the \(all)"
    return (
      count,
      "\(Self.names(first, second)): \(share) \(second.role.rawValue) images are also "
        + "\(first.role.rawValue) images"
    )
  }

  private static func names(_ a: Member, _ b: Member) -> String {
    a.images.name == b.images.name ? a.images.name : "\(a.images.name) and \(b.images.name)"
  }
}
