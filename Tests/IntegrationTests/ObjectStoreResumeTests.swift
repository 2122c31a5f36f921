import Foundation
import Testing
import UploadTestSupport

/// Resumable uploads to several servers in front of one real engine.
@Suite(.serialized, .curl, .bash, .objectEngine) struct ObjectStoreResumeTests {
  private static let part = 5 << 20
  private static let content = SplitMix64.bytes(3 * part + 754_321)

  /// Expects that nothing is in the bucket but one file, with what the server remembers of it for some minutes.
  private func expectOnly(_ name: String, _ content: [UInt8], in engine: ObjectEngine) async throws {
    try await eventually("only the file and its record are left") {
      let keys = try await engine.keys()
      let own = keys.filter { $0.hasPrefix(".sluice/uploads/") }
      let isOver = own.count == 2 && own.allSatisfy { $0.hasSuffix(".json") || $0.contains(".lease.") }
      return keys.count == own.count + 1 && (isOver || own.isEmpty)
    }
    #expect(try await engine.unfinished() == [])
    try await engine.expect(name, equals: engine.place.write(content, to: "content-of-\(name)"))
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `an upload whose server is killed continues at another one`(kind: ResumableProtocol) async throws {
    try await withObjectEngine { engine in
      let environment = ObjectEngine.credentials
      try await withServer(engine.options(), environment: environment, stops: false) { first in
        try await withServer(engine.options(), environment: environment) { second in
          var upload = try await ResumableUpload.create(kind, port: first.port, length: Self.content.count)
          // What one request has sent completely is promised.
          let announced = 1_000_003
          let appended = try await upload.append(Array(Self.content[..<announced]), at: 0, isLast: false)
          #expect(appended.status == 204 && appended.field("Upload-Offset") == "\(announced)", "\(appended)")
          let socket = try await upload.begin(Self.content, at: announced, sending: 2 * Self.part)
          try await eventually("the first parts are there") {
            try await upload.offset("GET") >= 2 * Self.part
          }
          first.process.signal(SIGKILL)
          #expect(try await first.process.exit() == .signal(SIGKILL))
          withExtendedLifetime(socket) {}
          upload.port = second.port
          let offset = try await upload.offset()
          #expect(offset == 2 * Self.part)
          // The lease of the killed server is valid for 15 s.
          var last = try await upload.append(Array(Self.content[offset...]), at: offset)
          #expect(last.status == 503, "\(last)")
          try await eventually("the lease has expired") {
            try await Task.sleep(for: .seconds(1))
            last = try await upload.append(Array(Self.content[offset...]), at: offset)
            return last.status != 503
          }
          #expect(last.status == kind.storedStatus, "\(last)")
          // A lost response is healed.
          let again = try await upload.append(Array(Self.content[offset...]), at: offset)
          #expect(again.status == kind.storedStatus, "\(again)")
          try await expectOnly("x", Self.content, in: engine)
        }
      }
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `requests to two servers in turn make one file`(kind: ResumableProtocol) async throws {
    try await withObjectEngine { engine in
      try await withServer(engine.options(), environment: ObjectEngine.credentials) { first in
        try await withServer(engine.options(), environment: ObjectEngine.credentials) { second in
          var upload = try await ResumableUpload.create(kind, port: first.port, length: nil)
          var offset = 0
          for (index, size) in [1, 700_000, Self.part, 100, 2 * Self.part].enumerated() {
            upload.port = index % 2 == 0 ? second.port : first.port
            let bytes = Array(Self.content[offset..<offset + size])
            let appended = try await upload.append(bytes, at: offset, isLast: false)
            #expect(appended.status == 204, "\(appended)")
            offset += size
            #expect(try await upload.offset() == offset)
          }
          let rest = Array(Self.content[offset...])
          let length = kind == .tus ? ["Upload-Length: \(Self.content.count)"] : []
          let last = try await upload.append(rest, at: offset, fields: length)
          #expect(last.status == kind.storedStatus, "\(last)")
          try await expectOnly("x", Self.content, in: engine)
        }
      }
    }
  }

  @Test func `send continues through the death of a server, and nothing is left of a cancelled upload`() async throws {
    try await withObjectEngine { engine in
      try await withServer(engine.options(), environment: ObjectEngine.credentials) { server in
        let path = try server.scratch.random(4 * Self.part + 7, to: "f")
        let faults = [3_000_000, 1, 9_000_000].map { FaultyProxy.Fault.reset(at: $0) }
        try await FaultyProxy.with(faults, target: server.port) { proxy in
          let arguments = ["send", "--json", "--retry-for", "60s", "--to", "http://127.0.0.1:\(proxy.port)", path]
          let state = ["XDG_STATE_HOME": server.scratch.file("state")]
          let ended = try await Sluice.run(arguments, environment: state)
          #expect(ended.exit == .status(0), "\(ended)")
          #expect(proxy.faultsLeft == 0)
        }
        try await engine.expect("f", equals: path)
        let cancelled = try await ResumableUpload.create(.tus, port: server.port, name: "c", length: 4 * Self.part)
        try await cancelled.append([UInt8](repeating: 1, count: 2 * Self.part + 5), at: 0)
        #expect(try await engine.unfinished() == ["c"])
        #expect(try await cancelled.request("DELETE").status == 204)
        #expect(try await engine.unfinished() == [])
        try await eventually("nothing is left of it") {
          try await engine.keys().allSatisfy { !$0.contains("claims") && !$0.contains(".tail.") }
        }
      }
    }
  }

  @Test func `tus announces no concatenation, and rejects it`() async throws {
    try await withObjectEngine { engine in
      try await withServer(engine.options(), environment: ObjectEngine.credentials) { server in
        let socket = try Socket(port: server.port)
        let options = try await socket.exchange("OPTIONS", "/uploads", ["Tus-Resumable: 1.0.0"])
        #expect(options.field("Tus-Extension")?.contains("concatenation") == false, "\(options)")
        let other = try Socket(port: server.port)
        let fields = ["Tus-Resumable: 1.0.0", "Upload-Length: 5", "Upload-Concat: partial"]
        let created = try await other.exchange("POST", "/uploads", fields)
        #expect(created.status == 501, "\(created)")
      }
    }
  }
}
