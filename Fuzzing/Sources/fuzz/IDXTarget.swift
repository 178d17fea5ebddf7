@testable import ModelIO

/// Images and labels as Fashion-MNIST's files hold them.
enum IDXTarget: FuzzTarget {
  static var seeds: [[UInt8]] {
    [
      [0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9],
      [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4],
      [0, 0, 8, 0, 5],
      [0, 0, 8, 2, 255, 255, 255, 255, 255, 255, 255, 255, 0],
    ]
  }

  static func parse(_ bytes: [UInt8]) {
    guard let file = try? IDX(bytes, path: "fuzz") else { return }
    precondition(file.elements.count == file.extents.reduce(1, *))
    precondition(IDX.headerSize(rank: file.extents.count) + file.elements.count == bytes.count)
  }
}
