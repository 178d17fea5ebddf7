import Testing

@testable import ModelIO

@Suite("IDX files")
struct IDXTests {
  @Test("Extents and elements")
  func reading() throws {
    let file = try IDX([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6], path: "x")
    #expect(file.extents == [2, 3])
    #expect(Array(file.elements) == [1, 2, 3, 4, 5, 6])
  }

  @Test(
    "What does not hold together is refused",
    arguments: [
      [], [0, 0, 8], [0, 0, 9, 1, 0, 0, 0, 1, 5], [0, 0, 8, 2, 0, 0, 0, 1],
      [0, 0, 8, 1, 0, 0, 0, 2, 5], [0, 0, 8, 1, 0, 0, 0, 1, 5, 6],
      // The product leaves 64 bits before the zero.
      [0, 0, 8, 4] + [UInt8](repeating: 255, count: 12) + [0, 0, 0, 0],
    ])
  func refusing(bytes: [UInt8]) {
    #expect(throws: FileError.self) { try IDX(bytes, path: "x") }
  }
}
