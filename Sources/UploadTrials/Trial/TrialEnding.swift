import Glibc
import UploadCore

/// How a client ended, before anybody has looked at what arrived.
struct TrialEnding: Sendable, Equatable {
  /// What programs exit with by curl's numbers; the scripts for Node do as well.
  private enum Status {
    static let refused: Int32 = 22
    static let outOfMemory: Int32 = 27
  }

  var exit: ChildExit
  /// It was ended because it passed this many bytes; nil when it was not.
  var passedLimit: SizeSetting?
  /// Code and message of the failure that Sluice told in JSON.
  var failure: (code: String, message: String)?
  /// What it wrote to standard error, the first lines.
  var errors: [String] = []

  static func == (left: TrialEnding, right: TrialEnding) -> Bool {
    left.exit == right.exit && left.passedLimit == right.passedLimit && left.errors == right.errors
      && left.failure?.code == right.failure?.code && left.failure?.message == right.failure?.message
  }

  /// The verdict when it did not succeed; nil when it says that it did, and the content decides.
  var verdict: CompareVerdict? {
    if passedLimit != nil { return .outOfMemory }
    switch exit {
    case .status(0): return nil
    // Nobody but the system, which is out of memory, kills a client of ours.
    case .signal(SIGKILL): return .outOfMemory
    case .status(Status.outOfMemory): return .outOfMemory
    case .status(Status.refused): return .refused
    case .status, .signal: break
    }
    switch failure?.code {
    case "outOfMemory": return .outOfMemory
    case "refusedByServer": return .refused
    // What Node writes when its heap is full, before it aborts.
    default: return errors.contains { $0.contains("out of memory") } ? .outOfMemory : .failed
    }
  }
}

extension TrialEnding {
  /// Why it did not succeed, for people; what the client says itself where it says something.
  var reason: String {
    if let passedLimit { return "ended when its memory passed \(passedLimit)" }
    if let failure { return PlainText.sanitized(failure.message) }
    if let line = errors.first(where: { $0.contains("out of memory") }) ?? errors.last { return line }
    switch exit {
    case .signal(SIGKILL): return "ended by the system, most likely for lack of memory"
    case .signal(let number): return "ended by signal \(number)"
    case .status(let status): return "ended with status \(status)"
    }
  }
}
