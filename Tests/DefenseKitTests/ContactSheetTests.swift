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
  }
}
