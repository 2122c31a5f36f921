/// What happens when a file of the wanted name is there already.
package enum DuplicatePolicy: String, Sendable, CaseIterable {
  /// The new one becomes `name (2).ext`.
  case rename
  /// The upload is refused (409).
  case error
  /// The new one takes the old one's place, once it is durable.
  case replace
}
