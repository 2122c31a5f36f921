/// Whether files can be sent where the user wants them.
package struct SendCheck: Hashable, Sendable {
  /// One of the files.
  package struct File: Hashable, Sendable {
    package var path: String
    /// In bytes; nil when it cannot be known.
    package var size: UInt64?
    /// Why it cannot be sent, in words; nil when it can.
    package var problem: String?

    package init(path: String, size: UInt64? = nil, problem: String? = nil) {
      self.path = path
      self.size = size
      self.problem = problem
    }
  }

  /// In the order asked for.
  package var files: [File]
  package var target: SendDestination
  /// Why nothing can be sent there, in words; nil when it can be tried.
  package var targetProblem: String?

  package init(files: [File], target: SendDestination, targetProblem: String? = nil) {
    self.files = files
    self.target = target
    self.targetProblem = targetProblem
  }
}
