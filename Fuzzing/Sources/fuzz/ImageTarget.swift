import Foundation

@testable import ModelIO

/// JPEG, PPM and PGM files: libjpeg as we call it, and our own reader.
enum ImageTarget: FuzzTarget {
  /// Larger images only take time.
  private static let largestArea = 1 << 16

  /// The smallest grey and colour images that Pillow writes, a progressive one among them.
  static var seeds: [[UInt8]] {
    let images = [
      "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtq"
        + "eJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/wAALCAAFAAkBAREA/8QAFQABAQAAAAAAAAAAAAAA"
        + "AAAAAwX/xAAfEAACAgIBBQAAAAAAAAAAAAABEQIDABMhIlFTktH/2gAIAQEAAD8AXdGy6FZgXZMyMiW+"
        + "ogMLlcLshkzYPGPef3P/2Q==",
      "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtq"
        + "eJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSk"
        + "pKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wgARCAAFAAkDASIAAhEBAxEB/8QA"
        + "FgABAQEAAAAAAAAAAAAAAAAAAAEC/8QAFAEBAAAAAAAAAAAAAAAAAAAAAv/aAAwDAQACEAMQAAABzQv/"
        + "xAAXEAADAQAAAAAAAAAAAAAAAAAAARJB/9oACAEBAAEFAtlH/8QAFhEAAwAAAAAAAAAAAAAAAAAAAAIx"
        + "/9oACAEDAQE/AUh//8QAFxEBAAMAAAAAAAAAAAAAAAAAAQACEf/aAAgBAgEBPwGy4T//xAAWEAADAAAA"
        + "AAAAAAAAAAAAAAAQEYH/2gAIAQEABj8CUH//xAAYEAADAQEAAAAAAAAAAAAAAAAAARExcf/aAAgBAQAB"
        + "PyGNTeDqf//aAAwDAQACAAMAAAAQA//EABgRAAIDAAAAAAAAAAAAAAAAAAERADHw/9oACAEDAQE/EAba"
        + "hP/EABYRAQEBAAAAAAAAAAAAAAAAAAEAMf/aAAgBAgEBPxASDpf/xAAaEAEBAAIDAAAAAAAAAAAAAAAR"
        + "AQAhYaHR/9oACAEBAAE/EECSxRu4u03c4unmf//Z",
      "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtq"
        + "eJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSk"
        + "pKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wAARCAAFAAkDAREAAhEBAxEB/8QA"
        + "FQABAQAAAAAAAAAAAAAAAAAAAgT/xAAhEAACAAMJAAAAAAAAAAAAAAABAgADERITIUFCU4Gi0f/EABYB"
        + "AQEBAAAAAAAAAAAAAAAAAAADBP/EACMRAAADBgcAAAAAAAAAAAAAAAACEQEEEiFR0RMUI0GRofD/3QAE"
        + "AAH/2gAMAwEAAhEDEQA/AFOsiWWYMSRpalMcuVERxVSW9rg7k04mS8g//9CO8Tb7t7GvIFr0EBaM4H//"
        + "2Q==",
    ]
    let texts = ["P6 2 1 255\n123456", "P5\n# a comment\n3 1\n255\n123", "P5 99999 99999 255\n"]
    return images.compactMap { Data(base64Encoded: $0).map { Array($0) } }
      + texts.map { Array($0.utf8) }
  }

  static var words: [String] { ["P5", "P6", " 255 ", "#", "JFIF", "Adobe"] }

  static func parse(_ bytes: [UInt8]) {
    guard ImageFormat(bytes) != .png, area(bytes) <= largestArea,
      let image = try? PixelImage(decoding: bytes, nil)
    else { return }
    precondition(image.pixels.count == image.width * image.height * image.channels)
    precondition(image.width * image.height <= PixelImage.maximumPixels)
  }

  /// The number of pixels that the first frame header of a JPEG file says; 0 for other files.
  private static func area(_ bytes: [UInt8]) -> Int {
    let start = bytes.indices.first { place in
      place + 9 <= bytes.count && bytes[place] == 0xFF
        && [0xC0, 0xC1, 0xC2].contains(bytes[place + 1])
    }
    guard let start else { return 0 }
    func number(_ place: Int) -> Int { Int(bytes[place]) << 8 | Int(bytes[place + 1]) }
    return number(start + 5) * number(start + 7)
  }
}
