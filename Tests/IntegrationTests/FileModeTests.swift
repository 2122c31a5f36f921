import Foundation
import Glibc
import Testing
import UploadTestSupport

/// Permissions and group of stored files.
@Suite(.curl) struct FileModeTests {
  private func fileStatus(of name: String, _ server: SluiceServer) throws -> stat {
    var status = stat()
    #expect(stat(server.uploads.file(name), &status) == 0, "\(name)")
    return status
  }

  @Test(arguments: [("022", 0o644), ("027", 0o640), ("077", 0o600), ("002", 0o664)] as [(String, mode_t)])
  func `without --file-mode stored files have mode 666 less the umask`(umask: String, mode: mode_t) async throws {
    // As systemd's UMask= does it. The directory is left to the server to make.
    try await withServer(prefix: ["sh", "-c", "umask \(umask); exec \"$@\""]) { server in
      try await store(server)
      for name in ["raw", "form", "large"] {
        #expect(try fileStatus(of: name, server).st_mode & 0o7777 == mode, "\(name)")
      }
    }
  }

  @Test func `with --file-mode the umask is ignored, and files inherit a setgid directory's group`() async throws {
    try await withServer(["--file-mode", "640"], prefix: ["sh", "-c", "umask 077; exec \"$@\""]) { server in
      // A group of root's, or the test's own where it is not root.
      let group: gid_t = geteuid() == 0 ? 12_345 : getegid()
      #expect(chown(server.uploads.path, geteuid(), group) == 0 && chmod(server.uploads.path, 0o2755) == 0)
      try await store(server)
      for name in ["raw", "form", "large"] {
        let status = try fileStatus(of: name, server)
        #expect(status.st_mode & 0o7777 == 0o640 && status.st_gid == group, "\(name)")
      }
    }
  }

  private func store(_ server: SluiceServer) async throws {
    let small = try server.scratch.random(10, to: "small")
    let large = try server.scratch.random(3 << 20, to: "source")
    #expect(try await Curl.run(["-T", small, "\(server.url)/raw"]).status == 201)
    #expect(try await Curl.run(["-T", large, "\(server.url)/large"]).status == 201)
    #expect(try await Curl.run(["-F", "a=@\(small);filename=form", "\(server.url)/file-upload"]).status == 201)
  }

  @Test(arguments: ["755", "9", "u+rw", "0200"])
  func `an invalid, executable or unreadable --file-mode exits with 64`(mode: String) async throws {
    let ended = try await Sluice.run(["serve", "--port", "0", "--file-mode", mode])
    #expect(ended.exit == .status(64), "\(ended)")
    #expect(ended.errors.contains(mode), "\(ended)")
  }
}
