import CLinux
import Glibc
import Testing
import UploadCore

@testable import UploadTrials

@Suite struct RunningChildrenTests {
  private func spawn(_ program: String, _ argument: String) -> Int32 {
    let arguments: [UnsafeMutablePointer<CChar>?] = [program, argument].map { (text: String) in strdup(text) }
    defer { for argument in arguments { free(argument) } }
    var (output, errors): (Int32, Int32) = (-1, -1)
    let process = clinux_spawn(program, arguments + [nil], environ, &output, &errors)
    if process > 0 {
      close(output)
      close(errors)
    }
    return process
  }

  @Test func `all children are killed, and no other can start`() throws {
    let children = RunningChildren()
    let first = try children.start { spawn("sleep", "1000") }
    let second = try children.start { spawn("sleep", "1000") }
    children.killAll()
    for process in [first, second] {
      var status: Int32 = 0
      // They are gone, and nobody has taken the answer.
      #expect(waitpid(process, &status, WNOHANG) == process)
      #expect(ChildExit(waitStatus: status) == .signal(SIGKILL))
    }
    #expect(throws: SystemCallError.self) { try children.start { spawn("sleep", "1000") } }
  }

  @Test func `a child that has ended is not killed`() throws {
    let children = RunningChildren()
    let process = try children.start { spawn("sleep", "1000") }
    children.remove(process)
    children.killAll()
    #expect(kill(process, 0) == 0)
    kill(process, SIGKILL)
    #expect(waitpid(process, nil, 0) == process)
  }

  @Test func `a program that cannot be started is an error`() {
    let children = RunningChildren()
    let error = #expect(throws: SystemCallError.self) { try children.start { spawn("no-such-program", "") } }
    #expect(error?.number == ENOENT)
  }
}
