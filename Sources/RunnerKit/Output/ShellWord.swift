/// Returns a word quoted for a shell if necessary.
func shellWord(_ text: String) -> String {
  let isPlain = text.utf8.allSatisfy { byte in
    "./_-+=,:@%".utf8.contains(byte) || (0x30...0x39).contains(byte)
      || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }
  return isPlain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
}
