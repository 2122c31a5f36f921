import Foundation
import Testing
import UploadTestSupport

/// The upload directory changes under a running server.
@Suite(.curl) struct DirectoryChangeTests {
  @Test func `while the directory is gone uploads get 503, and once it is created anew they succeed`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(10, to: "f")
      #expect(try await Curl.run(["-T", path, "\(server.url)/before"]).status == 201)
      let running = try Socket(port: server.port)
      try await running.send(RequestHead.bytes("PUT", "/running", ["Content-Length: 3"]) + [1])
      try await server.events { $0.event == "progress" && ($0.bytes ?? 0) > 0 }
      let old = server.scratch.file("old")
      #expect(rename(server.uploads.path, old) == 0)
      let health = try await Curl.run(["\(server.url)/healthz"])
      #expect(health.isRejection(503) && health.body.contains("does not exist any more"), "\(health)")
      for target in ["/files/", "/info", "/files/before"] {
        #expect(try await Curl.run([server.url + target]).isRejection(503), "\(target)")
      }
      let rejected = try await Curl.run(["-T", path, "\(server.url)/rejected"])
      #expect(rejected.isRejection(503), "\(rejected)")
      #expect(!rejected.body.contains(server.scratch.path), "strangers do not hear the path")
      #expect(mkdir(server.uploads.path, 0o755) == 0)
      #expect(try await Curl.run(["-T", path, "\(server.url)/after"]).isStored("after", size: 10))
      try await running.send([2, 3])
      #expect(try await running.receiveResponses().first?.status == 201)
      #expect(try server.uploads.names() == ["after", "running"])
      #expect(try FileManager.default.contentsOfDirectory(atPath: old) == ["before"])
      #expect(try await Curl.run(["\(server.url)/healthz"]).body == "ok\n")
      #expect(try await Curl.run(["\(server.url)/files/before"]).isRejection(404))
    }
  }

  /// A server in a mount namespace of its own, with a directory there that `nsenter` mounts on.
  @Test(.mounts)
  func `while the disk is unmounted uploads get 503 and none is stored on the disk below`() async throws {
    let prefix = [
      "unshare", "--mount", "sh", "-c",
      #"mkdir -p "$0" && mount -t tmpfs -o size=8m tmpfs "$0" && exec "$@""#,
    ]
    try await withServer(["--min-free", "0"], prefix: prefix) { server in
      let path = try server.scratch.random(10, to: "f")
      let directory = server.scratch.file("uploads")
      func inside(_ command: String...) async throws {
        let target = ["--target", "\(server.process.processID)", "--mount"]
        let ended = try await ProcessRunner.run("nsenter", target + command)
        #expect(ended.exit == .status(0), "\(ended)")
      }
      #expect(try await Curl.run(["-T", path, "\(server.url)/one"]).status == 201)
      try await inside("umount", "--lazy", directory)
      let rejected = try await Curl.run(["-T", path, "\(server.url)/two"])
      #expect(rejected.isRejection(503) && rejected.body.contains("not mounted any more"), "\(rejected)")
      let form = try await Curl.run(["-F", "a=@\(path)", "\(server.url)/file-upload"])
      #expect(form.isRejection(503), "\(form)")
      let health = try await Curl.run(["\(server.url)/healthz"])
      #expect(health.isRejection(503) && health.body.contains("not mounted any more"), "\(health)")
      #expect(try await Curl.run(["\(server.url)/files/"]).isRejection(503))
      #expect(try server.uploads.names() == [])
      try await inside("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", directory)
      #expect(try await Curl.run(["-T", path, "\(server.url)/three"]).isStored("three", size: 10))
      #expect(try server.uploads.names() == ["three"])
      #expect(try await Curl.run(["\(server.url)/healthz"]).status == 200)
    }
  }
}
