import Glibc
import Testing
import UploadCore

@testable import UploadTrials

@Suite struct RunningChildrenTests {
  private func spawn(_ program: String, _ argument: String) throws(SystemCallError) -> Int32 {
    let noStreams = ChildProgram.Streams.descriptors(input: nil, output: nil, errors: nil)
    let environment = ["PATH": "/usr/bin:/bin"]
    return try ChildProgram.start(program, [argument], environment: environment, streams: noStreams, leadsGroup: true)
  }

  @Test func `killing all children ends them, and no other can start after that`() throws {
    let children = RunningChildren()
    let first = try children.start { () throws(SystemCallError) in try spawn("sleep", "1000") }
    let second = try children.start { () throws(SystemCallError) in try spawn("sleep", "1000") }
    children.killAll()
    for process in [first, second] {
      var status: Int32 = 0
      // They have ended, and were not reaped.
      #expect(waitpid(process, &status, WNOHANG) == process)
      #expect(ChildExit(waitStatus: status) == .signal(SIGKILL))
    }
    #expect(throws: SystemCallError.self) {
      try children.start { () throws(SystemCallError) in try spawn("sleep", "1000") }
    }
  }

  @Test func `a child that was removed is not killed with the others`() throws {
    let children = RunningChildren()
    let process = try children.start { () throws(SystemCallError) in try spawn("sleep", "1000") }
    children.remove(process)
    children.killAll()
    #expect(kill(process, 0) == 0)
    kill(process, SIGKILL)
    #expect(waitpid(process, nil, 0) == process)
  }

  @Test func `starting a program that does not exist throws ENOENT`() {
    let children = RunningChildren()
    let error = #expect(throws: SystemCallError.self) {
      try children.start { () throws(SystemCallError) in try spawn("no-such-program", "") }
    }
    #expect(error?.number == ENOENT)
  }
}
