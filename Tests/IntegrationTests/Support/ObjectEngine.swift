import Foundation
import Testing
import UploadTestSupport

/// A running OpenStack Swift with its S3 interface, and one bucket.
struct ObjectEngine: Sendable {
  /// Where `.ci/install` puts it.
  static let home =
    (ProcessInfo.processInfo.environment["XDG_CACHE_HOME"] ?? NSHomeDirectory() + "/.cache")
    + "/sluice/openstack-swift"
  private static let script = "\(Sluice.package)/Tests/Tools/engines/openstack-swift.sh"
  /// Makes signed requests.
  private static let tool = "\(Sluice.package)/Tests/Tools/engines/s3"
  static let bucket = "uploads"

  let place: TemporaryDirectory
  let port: Int

  var url: String { "http://127.0.0.1:\(port)" }

  /// The environment with credentials for it.
  static let credentials = ["AWS_ACCESS_KEY_ID": "test:tester", "AWS_SECRET_ACCESS_KEY": "testing"]

  /// Options of `serve` that store uploads in the bucket.
  func options(_ prefix: String = "") -> [String] {
    ["--store", "s3://\(Self.bucket)\(prefix)", "--s3-endpoint", url, "--s3-part-size", "5MiB"]
  }

  /// Starts it in a directory that has room for what it stores, and creates the bucket.
  fileprivate init(in place: TemporaryDirectory) async throws {
    self.place = place
    port = try Self.freePorts()
    let started = try await ProcessRunner.run(
      "bash",
      [Self.script, "start", Self.home, place.path, String(port)]
    )
    guard started.exit == .status(0) else {
      throw TimeoutError("the engine did not start: \(started)")
    }
    _ = try await request("PUT", "")
  }

  /// The first of four ports that follow each other and are free.
  private static func freePorts() throws -> Int {
    for _ in 0..<100 {
      let first = Int.random(in: 20_000..<32_000)
      let bound = (first..<first + 4).compactMap { try? Loopback.bind(to: $0).descriptor }
      bound.forEach { close($0) }
      if bound.count == 4 { return first }
    }
    throw TimeoutError("no four free ports in a row")
  }

  /// A request that a program of its own signs.
  /// - Parameters:
  ///   - target: behind the bucket.
  ///   - file: gets the body; nil to return it.
  @discardableResult
  private func request(_ method: String, _ target: String, to file: String? = nil) async throws
    -> String
  {
    let arguments = [url, method, "/\(Self.bucket)\(target)"] + [file].compactMap { $0 }
    let ended = try await ProcessRunner.run(Self.tool, arguments, environment: Self.credentials)
    guard ended.exit == .status(0) else {
      throw TimeoutError("\(method) \(target) failed: \(ended)")
    }
    return ended.output
  }

  /// The keys of all objects in the bucket.
  func keys() async throws -> [String] { try await names(at: "?list-type=2") }

  /// The keys of multipart uploads that are neither completed nor aborted.
  func unfinished() async throws -> [String] { try await names(at: "?uploads=") }

  private func names(at target: String) async throws -> [String] {
    let document = try await request("GET", target)
    return document.matches(of: /<Key>([^<]*)<\/Key>/).map { match in
      let entities = [
        ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'"),
        ("&amp;", "&"),
      ]
      return entities.reduce(String(match.1)) { $0.replacing($1.0, with: $1.1) }
    }
  }

  /// Expects that an object has the content of the file at `path`.
  func expect(_ key: String, equals path: String, sourceLocation: SourceLocation = #_sourceLocation)
    async throws
  {
    let copy = place.file("copy-of-object")
    try await request("GET", "/" + key, to: copy)
    #expect(
      try Digest.ofFile(copy) == Digest.ofFile(path),
      "\(key)",
      sourceLocation: sourceLocation
    )
  }

  /// The processes of one of its servers: `object`, `proxy`.
  func processes(of server: String) throws -> [Int32] {
    let all = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }
    return all.filter { id in
      let command = (try? String(contentsOfFile: "/proc/\(id)/cmdline", encoding: .utf8)) ?? ""
      return command.contains("\(place.path)/conf/\(server)-server.conf")
    }
  }

  /// Sends a signal to the processes of one of its servers.
  func signal(_ server: String, _ number: Int32) throws {
    for id in try processes(of: server) { kill(id, number) }
  }

  /// Starts the object server again, which was killed.
  func restartObjectServer() async throws {
    let ended = try await ProcessRunner.run("bash", [Self.script, "restart-object", Self.home, place.path])
    guard ended.exit == .status(0) else { throw TimeoutError("the object server did not start: \(ended)") }
  }

  fileprivate func stop() async {
    _ = try? await ProcessRunner.run("bash", [Self.script, "stop", Self.home, place.path])
  }
}

extension Trait where Self == ConditionTrait {
  /// OpenStack Swift, which `.ci/install` installs in the user's cache.
  static var objectEngine: Self {
    .enabled("OpenStack Swift is not installed here: see .ci/install") {
      if let mark = ProcessInfo.processInfo.environment["CI"], !mark.isEmpty { return true }
      return FileManager.default.isExecutableFile(atPath: ObjectEngine.home + "/bin/python")
    }
  }
}

/// Engines that run at once: each has four servers.
private let engineSlots = Slots(2)

/// Starts an engine, hands it to `body`, and stops it.
func withObjectEngine<Result>(
  isolation: isolated (any Actor)? = #isolation,
  _ body: (ObjectEngine) async throws -> Result
) async throws -> Result {
  await engineSlots.acquire()
  do {
    let result = try await withTemporaryDirectory { place in
      let engine = try await ObjectEngine(in: place)
      do {
        let result = try await body(engine)
        await engine.stop()
        return result
      } catch {
        await engine.stop()
        throw error
      }
    }
    await engineSlots.release()
    return result
  } catch {
    await engineSlots.release()
    throw error
  }
}
