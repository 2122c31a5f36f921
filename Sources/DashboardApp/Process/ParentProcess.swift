import CLinux
import Glibc

/// Programs of ours that another one of ours has started end with it, however it ends: a server that nobody asked for must
/// not stay.
package enum ParentProcess {
  /// Names the parent to the child; for the program itself, so no option.
  private static let variable = "SLUICE_PARENT_PROCESS"

  /// An environment for a child of the process `process`.
  ///
  /// The child ends when the thread that has started it does (prctl(2)), so that thread must wait for it.
  package static func naming(_ process: Int32, in environment: [String: String]) -> [String: String] {
    environment.merging([variable: "\(process)"]) { $1 }
  }

  /// Has this process be killed at the end of the parent that `environment` names, where it names one; ends it here when
  /// that has ended already.
  package static func follow(_ environment: [String: String]) {
    guard let parent = environment[variable].flatMap({ Int32($0) }) else { return }
    clinux_kill_at_end_of_parent()
    // It may have ended before the call, and then nobody would tell.
    if getppid() != parent { _exit(1) }
  }
}
