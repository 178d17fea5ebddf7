private import Foundation

/// Encodes and decodes lines of JSON.
enum MessageLine {
  static func encoded(_ value: some Encodable) throws -> [UInt8] {
    Array(try JSONEncoder().encode(value)) + [0x0A]
  }

  static func decoded<Value: Decodable>(_ line: some Collection<UInt8>) -> Value? {
    try? JSONDecoder().decode(Value.self, from: Data(line))
  }
}
