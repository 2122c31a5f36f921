import Foundation
import Testing
import UploadTestSupport

/// A running `sluice serve --json` on ports of its own, with a directory of its own.
struct SluiceServer: Sendable {
  let process: ProcessRunner
  /// A place for the test's own files.
  let scratch: TemporaryDirectory
  /// Where uploads end up.
  let uploads: TemporaryDirectory
  /// `http://127.0.0.1:PORT`.
  let url: String
  let port: Int
  /// The raw listener's port; 0 without one.
  let rawPort: Int

  fileprivate init(_ process: ProcessRunner, scratch: TemporaryDirectory, uploads: String) async throws {
    let line = try await process.line { $0.contains("\"event\":\"listening\"") }
    let listening = try #require(try EventLine.decode(line).first)
    self.process = process
    self.scratch = scratch
    self.uploads = TemporaryDirectory(inside: uploads)
    url = try #require(listening.url)
    port = try #require(Int(url.split(separator: ":").last ?? ""))
    rawPort = listening.rawPort ?? 0
  }

  /// The events so far.
  var events: [EventLine] {
    get throws { try EventLine.decode(process.lines.joined(separator: "\n")) }
  }

  /// Waits until `count` events satisfy `predicate`.
  /// - Returns: these.
  @discardableResult
  func events(_ count: Int = 1, where predicate: (EventLine) -> Bool) async throws -> [EventLine] {
    var found: [EventLine] = []
    do {
      try await eventually("\(count) such events") {
        found = try events.filter(predicate)
        return found.count >= count
      }
    } catch is TimeoutError {
      throw TimeoutError("no \(count) such events; there were:\n\(process.output)")
    }
    return found
  }

  /// Waits for the end of an upload with this code of failure.
  @discardableResult
  func failure(_ code: String) async throws -> EventLine {
    let failures = try await events { $0.event == "failed" }
    let failure = try #require(failures.first)
    #expect(failure.error?.code == code, "\(failure)")
    return failure
  }

  /// Expects that nothing has been stored, not even hidden, and that the next upload is stored as if nothing had been.
  func expectEmptyAndWell(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    #expect(try uploads.names() == [], sourceLocation: sourceLocation)
    let reply = try await Curl.run(["-T", try scratch.write([7], to: "well"), "\(url)/well"])
    #expect(reply.status == 201, "\(reply)", sourceLocation: sourceLocation)
    #expect(try uploads.names() == ["well"], sourceLocation: sourceLocation)
    #expect(try uploads.read("well") == [7], sourceLocation: sourceLocation)
  }

  /// What the process's descriptors lead to; without those of its own look at its memory, open for a moment.
  var descriptors: [String] {
    get throws {
      let folder = "/proc/\(process.processID)/fd"
      // One may be closed between listing and looking.
      return try FileManager.default.contentsOfDirectory(atPath: folder).compactMap {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
      }.filter { !$0.hasPrefix("/proc/") }
    }
  }

  /// The largest number that a socket of its has.
  var highestSocket: Int {
    get throws {
      let folder = "/proc/\(process.processID)/fd"
      return try FileManager.default.contentsOfDirectory(atPath: folder).filter {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)"))?.hasPrefix("socket:") ?? false
      }.compactMap { Int($0) }.max() ?? 0
    }
  }

  /// How many files without a name it has open. Directories that were removed while it keeps them open are none.
  var unnamedFiles: Int {
    get throws { try descriptors.count { $0.contains(/\/#[0-9]+ \(deleted\)$/) } }
  }

  /// How many sockets it has open.
  var sockets: Int {
    get throws { try descriptors.count { $0.hasPrefix("socket:") } }
  }

  /// Resident bytes of the process.
  var residentBytes: Int {
    get throws {
      let fields = try String(contentsOfFile: "/proc/\(process.processID)/statm", encoding: .utf8).split(separator: " ")
      return (Int(fields.dropFirst().first ?? "") ?? 0) * Int(getpagesize())
    }
  }

  /// A prefix for ``withServer(_:environment:stops:prefix:isolation:_:)`` that gives the server a small file system, seen
  /// by it alone and gone with it, as the directory for uploads.
  static func onTmpfs(_ options: String) -> [String] {
    ["unshare", "--mount", "sh", "-c", #"mkdir -p "$0" && mount -t tmpfs -o \#(options) tmpfs "$0" && exec "$@""#]
  }

  /// Expects that the stored file `name` has the content of the file at `path`.
  func expect(_ name: String, equals path: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(
      try Digest.ofFile(uploads.file(name)) == Digest.ofFile(path),
      "\(name)",
      sourceLocation: sourceLocation
    )
  }
}

/// Servers that run at once: more would only wait for each other's processor time.
private let serverSlots = Slots(6)

/// Starts a server, hands it to `body`, and stops it as Ctrl-C does.
///
/// Expects that it ends with status 0, says nothing on standard error, and leaves no unfinished file. When `body`
/// throws, the server is killed.
/// - Parameters:
///   - options: for `serve`, besides `--json`, `--port` and `--dir`.
///   - stops: false when `body` itself sees to the server's end.
///   - prefix: a program and arguments that start the server in their place.
func withServer<Result>(
  _ options: [String] = [],
  environment: [String: String] = [:],
  stops: Bool = true,
  prefix: [String] = [],
  isolation: isolated (any Actor)? = #isolation,
  _ body: (SluiceServer) async throws -> Result
) async throws -> Result {
  await serverSlots.acquire()
  do {
    let result = try await withTemporaryDirectory { scratch in
      let uploads = scratch.file("uploads")
      // A test may wait long for each of its turns: only one that is about time gives less of it.
      let arguments = ["serve", "--json", "--port", "0", "--dir", uploads, "--idle-timeout", "10m"] + options
      let process =
        try prefix.isEmpty
        ? Sluice.start(arguments, environment: environment)
        : ProcessRunner(prefix[0], prefix.dropFirst() + [uploads, Sluice.path] + arguments, environment: environment)
      do {
        // A file system mounted for the server alone is seen through its own root.
        let seen = prefix.isEmpty ? uploads : "/proc/\(process.processID)/root\(uploads)"
        let server = try await SluiceServer(process, scratch: scratch, uploads: seen)
        let result = try await body(server)
        if stops {
          if prefix.isEmpty { #expect(try server.uploads.temporaryNames() == []) }
          process.signal(SIGINT)
          #expect(try await process.exit() == .status(0))
          #expect(process.errors == "")
          _ = try EventLine.decode(process.output)
        }
        return result
      } catch {
        process.signal(SIGKILL)
        _ = try? await process.exit()
        throw error
      }
    }
    await serverSlots.release()
    return result
  } catch {
    await serverSlots.release()
    throw error
  }
}
