/// Inputs that an operation cannot take, or weights that do not fit.
package struct OperationError: Error {
  let message: String

  init(_ message: String) { self.message = message }
}
