/// What a reader of model files remembers of a file, for writing repaired copies in the same form.
package protocol ModelOrigin: Sendable {}
