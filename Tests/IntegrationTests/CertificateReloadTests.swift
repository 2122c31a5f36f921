import Foundation
import Glibc
import Testing
import UploadTestSupport

/// SIGHUP has a server read its certificate and key again.
@Suite(.curl, .openssl) struct CertificateReloadTests {
  private func knows(_ server: SluiceServer, _ authority: String) async throws -> Bool {
    try await Curl.run(["--cacert", authority, "\(server.url)/healthz"]).status == 200
  }

  /// Puts the certificate or key of `other` in the place of the server's, as renewing programs do.
  private func replace(_ name: String, from other: TemporaryDirectory, in directory: TemporaryDirectory) throws {
    try directory.write(other.read(name), to: "new")
    #expect(rename(directory.file("new"), directory.file(name)) == 0)
  }

  @Test func `after SIGHUP new connections get the renewed certificate, and open ones continue`() async throws {
    try await withTemporaryDirectory { directory in
      let options = try await directory.certificate()
      let (first, second) = (try directory.directory("first"), try directory.directory("second"))
      _ = try await second.certificate()
      for name in ["cert.pem", "key.pem"] { try first.write(directory.read(name), to: name) }
      try await withServer(options + ["--log-level", "info"], stops: false) { server in
        let open = try Sluice.start(
          ["send", "-", "--no-resume", "--name", "open", "--ca", first.file("cert.pem"), "--to", server.url]
        )
        try open.send([1, 2, 3])
        try await server.events { $0.event == "started" }

        try replace("cert.pem", from: second, in: directory)
        try replace("key.pem", from: second, in: directory)
        server.process.signal(SIGHUP)
        try await eventually("the reload") { server.process.errors.contains("TLS certificate and key reloaded") }
        #expect(try await knows(server, second.file("cert.pem")))
        #expect(try await !knows(server, first.file("cert.pem")))
        try open.send([4])
        open.closeInput()
        #expect(try await open.exit() == .status(0))
        #expect(try server.uploads.read("open") == [1, 2, 3, 4])

        server.process.signal(SIGTERM)
        #expect(try await server.process.exit() == .status(0))
      }
    }
  }

  @Test func `SIGHUP with a broken certificate or key is reported, and the previous pair is used`() async throws {
    try await withTemporaryDirectory { directory in
      let options = try await directory.certificate()
      let other = try directory.directory("other")
      _ = try await other.certificate()
      let good = try directory.directory("good")
      for name in ["cert.pem", "key.pem"] { try good.write(directory.read(name), to: name) }
      try await withServer(options, stops: false) { server in
        /// Expects a log line on standard error that names the file and the problem.
        func expectReport(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation) async throws {
          let before = server.process.errors.count
          server.process.signal(SIGHUP)
          try await eventually("a log line") { server.process.errors.dropFirst(before).contains("\n") }
          let line = server.process.errors.dropFirst(before)
          for word in words + ["not reloaded", "previous ones stay"] {
            #expect(line.contains(word), "\(line)", sourceLocation: sourceLocation)
          }
          #expect(try await knows(server, good.file("cert.pem")), sourceLocation: sourceLocation)
        }
        // Half of a renewal.
        try replace("cert.pem", from: other, in: directory)
        try await expectReport("cert.pem", "key.pem", "does not belong")
        try directory.write(Array("nonsense".utf8), to: "cert.pem")
        try await expectReport("cert.pem", "contains no readable certificate")
        unlink(directory.file("cert.pem"))
        try await expectReport("cert.pem", "cannot be read")
        try replace("cert.pem", from: good, in: directory)
        try directory.write([], to: "key.pem")
        try await expectReport("key.pem", "contains no readable private key")

        try replace("key.pem", from: good, in: directory)
        let file = try server.scratch.random(1000, to: "f")
        let reply = try await Curl.run(["--cacert", good.file("cert.pem"), "-T", file, "\(server.url)/f"])
        #expect(reply.isStored("f", size: 1000), "\(reply)")
        server.process.signal(SIGTERM)
        #expect(try await server.process.exit() == .status(0))
      }
    }
  }

  @Test(arguments: [[], ["--tls", "self-signed"]])
  func `without certificate files SIGHUP is logged and the server continues`(options: [String]) async throws {
    try await withServer(options, stops: false) { server in
      let socket = try Socket(port: server.port)
      server.process.signal(SIGHUP)
      try await eventually("a log line") { server.process.errors.contains("\n") }
      #expect(server.process.errors.contains("nothing to reload"), "\(server.process.errors)")
      let file = try server.scratch.random(1000, to: "f")
      let reply = try await Curl.run(["-k", "-T", file, "\(server.url)/f"])
      #expect(reply.isStored("f", size: 1000), "\(reply)")
      server.process.signal(SIGTERM)
      #expect(try await server.process.exit() == .status(0))
      withExtendedLifetime(socket) {}
    }
  }
}
