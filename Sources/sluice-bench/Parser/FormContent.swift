/// What a form holds, from the usual to what an attacker would choose.
enum FormContent: String, CaseIterable {
  case random = "random"
  case csv = "CSV text"
  case carriageReturns = "all CR"
  case lineFeeds = "all LF"
  /// The delimiter less its last byte, again and again.
  case delimiterPrefixes = "delimiter prefixes"
  /// Many forms of a hundred text fields and a file of 4 KiB.
  case smallFields = "100 small fields"
  /// Many forms of a file of 4 KiB with 8 kB before the first boundary, about all that is taken, and 8 kB behind the last.
  case junkAround = "junk before and after"
}
