import Glibc
import Testing
import UploadCore

@Suite struct ChildProgramTests {
  private static let environment = ["PATH": "/usr/bin:/bin", "PLACE": "here"]

  @Test func `a child has the given environment, a group of its own, and no descriptor but its streams`() throws {
    let pipe = try ChildProgram.pipe()
    let child = try ChildProgram.start(
      "sh",
      ["-c", "cat; echo $PLACE; ls /proc/self/fd; ls /nowhere"],
      environment: Self.environment,
      streams: .descriptors(input: nil, output: pipe.write, errors: nil),
      leadsGroup: true
    )
    close(pipe.write)
    #expect(getpgid(child) == child)
    // The last one is the directory that `ls` reads.
    #expect(readAll(pipe.read) == "here\n0\n1\n2\n3\n")
    #expect(ChildProgram.wait(for: child) >> 8 == 2)
    #expect(ChildProgram.wait(for: child) == -1)
  }

  @Test func `a child without a group of its own stays in that of this process`() throws {
    let child = try ChildProgram.start(
      "true",
      [],
      environment: Self.environment,
      streams: .descriptors(input: nil, output: nil, errors: nil)
    )
    #expect(getpgid(child) == getpgid(0))
    #expect(ChildProgram.wait(for: child) == 0)
  }

  @Test func `starting a program that does not exist throws with the error number ENOENT`() {
    let error = #expect(throws: SystemCallError.self) {
      try ChildProgram.start(
        "/no/such/program",
        [],
        environment: [:],
        streams: .descriptors(input: nil, output: nil, errors: nil)
      )
    }
    #expect(error?.number == ENOENT)
  }

  private func readAll(_ descriptor: Int32) -> String {
    defer { close(descriptor) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while case let count = read(descriptor, &buffer, buffer.count), count > 0 { text += buffer[..<count] }
    return String(decoding: text, as: UTF8.self)
  }
}
