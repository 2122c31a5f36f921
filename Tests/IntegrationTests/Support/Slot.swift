/// A place for one value that is found out elsewhere.
actor Slot<Value: Sendable> {
  private(set) var value: Value?

  func put(_ value: Value) {
    self.value = value
  }
}
