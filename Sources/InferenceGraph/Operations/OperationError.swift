/// Inputs that an operation does not accept, or weights of a wrong shape.
package struct OperationError: Error {
  let message: String

  init(_ message: String) { self.message = message }
}
