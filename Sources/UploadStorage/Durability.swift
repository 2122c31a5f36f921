/// How far a file must have come before the sender is told that it arrived.
package enum Durability: String, Sendable, CaseIterable {
  /// File and directory are synced: the file is there after a power cut.
  case full
  /// The file is synced; its name may be lost in a power cut.
  case file
  /// Nothing is synced: the kernel writes when it likes.
  case none
}
