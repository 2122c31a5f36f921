/// What a test waited for did not come.
package struct TimeoutError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}

/// Waits until `condition` holds; looks every few milliseconds.
///
/// `timeout` is only a bound against hanging, since a machine under load is no failure. What counts is time in which the
/// condition could have been looked at again: a test that waits for its turn among all others loses little of it.
/// - Throws: ``TimeoutError`` naming `what` when it never held, and whatever `condition` throws.
package func eventually(
  _ what: String = "the condition",
  timeout: Duration = .seconds(120),
  isolation: isolated (any Actor)? = #isolation,
  _ condition: () async throws -> Bool
) async throws {
  var left = timeout
  var lastLook = ContinuousClock.now
  while try await !condition() {
    guard left > .zero else { throw TimeoutError("\(what) did not come within \(timeout)") }
    try await Task.sleep(for: .milliseconds(5))
    let now = ContinuousClock.now
    left -= min(now - lastLook, .milliseconds(100))
    lastLook = now
  }
}
