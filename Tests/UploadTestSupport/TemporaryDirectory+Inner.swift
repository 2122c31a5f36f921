extension TemporaryDirectory {
  /// A directory that somebody else makes and removes, such as one inside a temporary one.
  /// - Parameter path: absolute, without a slash at the end.
  package init(inside path: String) {
    self.init(path: path)
  }
}
