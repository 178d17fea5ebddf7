import DefenseKit
import Testing

@Suite("Contact sheets")
struct ContactSheetTests {
  @Test("Images lie in rows, enlarged, with gaps")
  func layout() {
    var sheet = ContactSheet(imageShape: [1, 2, 1])
    sheet.append([[10, 20], [30, 40]])
    sheet.append([[50, 60]])
    let image = sheet.pixelImage(scale: 2, gap: 1)
    #expect(image.width == 11 && image.height == 7 && image.channels == 1)
    let w: UInt8 = 255
    let first: [UInt8] = [w, 10, 10, 20, 20, w, 30, 30, 40, 40, w]
    let second: [UInt8] = [w, 50, 50, 60, 60, w, w, w, w, w, w]
    let gap = [UInt8](repeating: w, count: 11)
    #expect(image.pixels == [gap, first, first, gap, second, second, gap].flatMap { $0 })
  }

  @Test("Channels stay together")
  func colours() {
    var sheet = ContactSheet(imageShape: [2, 1, 3])
    sheet.append([[1, 2, 3, 4, 5, 6]])
    let image = sheet.pixelImage(scale: 2, gap: 0)
    #expect(image.width == 2 && image.height == 4 && image.channels == 3)
    #expect(
      image.pixels == [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6, 4, 5, 6, 4, 5, 6])
  }

  @Test("A row of image, triggered image and what differs")
  func difference() {
    var sheet = ContactSheet(imageShape: [1, 3, 1])
    sheet.append([100, 100, 100], triggered: [100, 97, 200], amplification: 4)
    #expect(sheet.rows == [[[100, 100, 100], [100, 97, 200], [0, 12, 255]]])
    #expect(ContactSheet.difference([0, 255], [1, 0], amplification: .max) == [255, 255])
  }

  @Test("Small images are enlarged until they can be seen, large ones are not")
  func scale() {
    func size(_ shape: [Int], rows: Int = 1) -> [Int] {
      var sheet = ContactSheet(imageShape: shape)
      for _ in 0..<rows { sheet.append([[UInt8](repeating: 0, count: shape.reduce(1, *))]) }
      let image = sheet.pixelImage(gap: 0)
      return [image.width, image.height]
    }
    #expect(size([28, 28, 1]) == [112, 112])
    #expect(size([55, 47, 3]) == [141, 165])
    #expect(size([96, 96, 1]) == [96, 96])
    #expect(size([300, 200, 1]) == [200, 300])
    // 1000 rows of 112 x 112 would be more than a sheet may have.
    #expect(size([28, 28, 1], rows: 1000) == [56, 56000])
    // Nor may a side be over 2^16.
    #expect(size([4, 4, 1], rows: 8000) == [8, 64000])
  }

  @Test("A sheet that no file can hold loses rows, and then its images shrink")
  func fitting() throws {
    func sheet(_ side: Int, rows: Int, columns: Int = 3) -> ContactSheet {
      var sheet = ContactSheet(imageShape: [side, side, 1])
      let image = (0..<side * side).map { UInt8($0 % 2 * 100 + $0 / side % 2 * 50) }
      for _ in 0..<rows { sheet.append(Array(repeating: image, count: columns)) }
      return sheet
    }
    // 3 images of 1500 and four gaps: 4516 wide, of which 3714 rows of pixels fit.
    let two = sheet(1500, rows: 8).pixelImage()
    #expect(two.width == 4516 && two.height == 2 * 1504 + 4)
    _ = try two.png()
    // Not even one row of 3000 fits: half of it does, with means of 0, 50, 100 and 150.
    let half = sheet(3000, rows: 2).pixelImage()
    #expect(half.width == 4516 && half.height == 2 * 1504 + 4)
    #expect(Set(half.pixels) == [255, 75])
  }
}
