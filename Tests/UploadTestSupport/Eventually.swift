/// What a test waited for did not come.
package struct TimeoutError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}

/// Waits until `condition` holds; looks every few milliseconds.
///
/// `timeout` is only a bound against hanging: give it generously, since a machine under load is no failure.
/// - Throws: ``TimeoutError`` naming `what` when it never held, and whatever `condition` throws.
package func eventually(
  _ what: String = "the condition",
  timeout: Duration = .seconds(120),
  isolation: isolated (any Actor)? = #isolation,
  _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + timeout
  while try await !condition() {
    guard ContinuousClock.now < deadline else { throw TimeoutError("\(what) did not come within \(timeout)") }
    try await Task.sleep(for: .milliseconds(5))
  }
}
