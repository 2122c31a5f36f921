/// What does not change while the dashboard runs.
package struct DashboardFacts: Hashable, Sendable {
  /// Where uploads can be sent to: `http://127.0.0.1:8080`.
  package var url: String
  /// Where plain TCP is taken; nil when it is not.
  package var rawPort: Int?
  /// Where uploads are stored.
  package var directory: String
  /// Where the picker begins when it has no place remembered; absolute.
  package var workingDirectory: String
  /// What `~` stands for.
  package var home: String
  /// Something that must stay in view, such as that anybody may upload; nil when there is nothing.
  package var warning: String?

  package init(
    url: String,
    rawPort: Int? = nil,
    directory: String,
    workingDirectory: String,
    home: String,
    warning: String? = nil
  ) {
    self.url = url
    self.rawPort = rawPort
    self.directory = directory
    self.workingDirectory = workingDirectory
    self.home = home
    self.warning = warning
  }
}
