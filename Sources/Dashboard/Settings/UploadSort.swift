/// What the uploads in a pane are ordered by; those that run come before those that have ended.
package enum UploadSort: String, Sendable, CaseIterable {
  /// Newest first.
  case started
  case name
  /// Fastest first.
  case rate
  /// Nearest to its end first.
  case progress
  /// Most memory first.
  case memory
}
