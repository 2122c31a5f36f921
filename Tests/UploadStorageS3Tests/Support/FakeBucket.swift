import Crypto
import Glibc
import NIOCore
import Synchronization
import UploadCore

@testable import UploadStorageS3

/// A bucket in memory that behaves as engines do, and as badly as a test asks for.
final class FakeBucket: S3Requests {
  /// A request that was made.
  struct Request: Sendable, Equatable {
    var operation: S3Operation
    var key: String
    /// Of a part; otherwise 0.
    var number = 0
  }

  /// What happens to one request.
  enum Outcome: Sendable {
    case fine
    /// Fails, and nothing is done.
    case fails(S3Failure.Kind)
    /// Is done, but fails all the same: the response was lost.
    case isLost(S3Failure.Kind)
    /// Waits until ``FakeBucket/release()``.
    case waits
  }

  /// An object as it is stored.
  struct Stored: Sendable {
    var bytes: [UInt8]
    var headers: S3ObjectHeaders
    var modified: Int64
    /// Differs between all objects that were ever stored.
    var tag: String
    /// The size that the engine reports; nil for that of the bytes.
    var statedSize: UInt64?
  }

  /// A multipart upload that is neither completed nor aborted.
  struct Multipart: Sendable {
    var key: String
    var headers: S3ObjectHeaders
    var parts: [Int: [UInt8]] = [:]
  }

  fileprivate struct State {
    var objects: [String: Stored] = [:]
    var multiparts: [String: Multipart] = [:]
    var log: [Request] = []
    var number = 0
    var time: Int64 = 1_800_000_000
    var waiting: [CheckedContinuation<Void, Never>] = []
    var running = 0
    var mostRunning = 0
    var pageSize = 3
    var partFiles = 0
    /// Objects that lists do not show.
    var unlisted: Set<String> = []
  }

  /// What the engine does with `If-None-Match: *`.
  enum Condition: Sendable {
    case supported
    case ignored
    /// The request fails with 501.
    case rejected

    func check(exists: Bool) throws(S3Failure) {
      switch self {
      case .supported: if exists { throw S3Failure(.conditionFailed, "exists") }
      case .ignored: break
      case .rejected: throw S3Failure(.server, status: 501, code: "NotImplemented", "condition not supported")
      }
    }
  }

  private let conditionOfPut: Condition
  private let conditionOfComplete: Condition
  private let state = Mutex(State())
  private let decide: Mutex<@Sendable (Request) -> Outcome>

  init(conditionOfPut: Condition = .supported, conditionOfComplete: Condition = .supported) {
    (self.conditionOfPut, self.conditionOfComplete) = (conditionOfPut, conditionOfComplete)
    decide = Mutex { _ in .fine }
  }

  /// Decides what happens to requests from now on.
  func on(_ decision: @escaping @Sendable (Request) -> Outcome) { decide.withLock { $0 = decision } }

  var objects: [String: Stored] { state.withLock { $0.objects } }
  var multiparts: [String: Multipart] { state.withLock { $0.multiparts } }
  var log: [Request] { state.withLock { $0.log } }
  /// The most parts that were being sent at once.
  var mostRunning: Int { state.withLock { $0.mostRunning } }
  /// How many different files parts were sent from.
  var partFiles: Int { state.withLock { $0.partFiles } }
  /// How many requests wait.
  var waiting: Int { state.withLock { $0.waiting.count } }
  /// The keys of the store's own objects.
  var own: [String] { objects.keys.filter { $0.contains(".sluice/") }.sorted() }
  /// The keys of files.
  var files: [String] { objects.keys.filter { !$0.contains(".sluice/") }.sorted() }

  /// Stores an object as another program would.
  func add(_ key: String, _ bytes: [UInt8] = [], _ headers: S3ObjectHeaders = S3ObjectHeaders(), at time: Int64? = nil)
  {
    state.withLock { $0.store(key, bytes, headers, at: time) }
  }

  /// Stores a part of a multipart upload as another program would.
  func addPart(_ id: String, number: Int, _ bytes: [UInt8]) {
    state.withLock { $0.multiparts[id]?.parts[number] = bytes }
  }

  /// Ends a multipart upload as another program would, or a rule of the engine.
  func abortAll() { state.withLock { $0.multiparts = [:] } }

  /// Deletes an object as another program would.
  func drop(_ key: String) { state.withLock { $0.objects[key] = nil } }

  /// Begins a multipart upload as another program would.
  func begin(_ key: String, id: String) { state.withLock { $0.multiparts[id] = Multipart(key: key, headers: .init()) } }

  func change(_ key: String, _ body: @Sendable (inout Stored) -> Void) {
    state.withLock { state in if state.objects[key] != nil { body(&state.objects[key, default: .empty]) } }
  }

  /// Lists show an object no more, as where they lag behind; nil for all again.
  func hide(_ key: String?) { state.withLock { $0.unlisted = key.map { [$0] } ?? [] } }

  /// Sets how many entries a page of a listing has; 3 at first.
  func setPageSize(_ count: Int) { state.withLock { $0.pageSize = count } }

  func advance(by seconds: Int64) { state.withLock { $0.time += seconds } }

  /// Lets the requests continue that wait, and all later ones.
  func release() {
    on { _ in .fine }
    let waiting = state.withLock { state in
      defer { state.waiting = [] }
      return state.waiting
    }
    waiting.forEach { $0.resume() }
  }

  // MARK: Requests

  var signsFiles: Bool { true }
  var engineTime: Int64 { state.withLock { $0.time } }

  func snapshot() -> S3ClientSnapshot { S3ClientSnapshot() }

  private func perform<Result: Sendable>(
    _ request: Request,
    _ body: (inout sending State) throws(S3Failure) -> Result
  ) async throws(S3Failure) -> Result {
    state.withLock { $0.log.append(request) }
    let outcome = decide.withLock { $0 }(request)
    switch outcome {
    case .fails(let kind): throw S3Failure(kind, "as the test wants it")
    case .waits:
      await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
        state.withLock { $0.waiting.append(continuation) }
      }
      if Task.isCancelled { throw S3Failure(.cancelled, "cancelled") }
    case .fine, .isLost: if Task.isCancelled { throw S3Failure(.cancelled, "cancelled") }
    }
    let result = try state.withLock { state throws(S3Failure) in try body(&state) }
    if case .isLost(let kind) = outcome { throw S3Failure(kind, "the response was lost") }
    return result
  }

  private static func bytes(_ body: S3Body) throws(S3Failure) -> [UInt8] {
    switch body {
    case .bytes(let buffer): return Array(buffer.readableBytesView)
    case .file(let descriptor, let offset, let length, let sha256):
      var bytes = [UInt8](repeating: 0, count: Int(length))
      let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
      guard count == bytes.count, Array(SHA256.hash(data: bytes)) == sha256 else {
        throw S3Failure(.rejected, "The digest of the body is wrong.")
      }
      return bytes
    }
  }

  /// Marks the file that a part is sent from by its permissions, so that it is counted once, and files that get its inode later
  /// are counted again.
  private func count(_ body: S3Body) {
    guard case .file(let descriptor, _, _, _) = body else { return }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IXOTH == 0 else { return }
    fchmod(descriptor, status.st_mode & 0o777 | S_IXOTH)
    state.withLock { $0.partFiles += 1 }
  }

  func put(_ key: String, _ body: S3Body, _ headers: S3ObjectHeaders, ifAbsent: Bool) async throws(S3Failure) {
    let bytes = try Self.bytes(body)
    let condition = conditionOfPut
    try await perform(Request(operation: .putObject, key: key)) { state throws(S3Failure) in
      if ifAbsent { try condition.check(exists: state.objects[key] != nil) }
      state.store(key, bytes, headers)
    }
  }

  func createMultipart(_ key: String, _ headers: S3ObjectHeaders) async throws(S3Failure) -> String {
    try await perform(Request(operation: .createMultipartUpload, key: key)) { state throws(S3Failure) in
      state.number += 1
      state.multiparts["upload-\(state.number)"] = Multipart(key: key, headers: headers)
      return "upload-\(state.number)"
    }
  }

  func uploadPart(
    _ key: String,
    uploadID: String,
    number: Int,
    _ body: S3Body
  ) async throws(S3Failure) -> String {
    state.withLock { state in
      state.running += 1
      state.mostRunning = max(state.mostRunning, state.running)
    }
    defer { state.withLock { $0.running -= 1 } }
    let bytes = try Self.bytes(body)
    count(body)
    let request = Request(operation: .uploadPart, key: key, number: number)
    return try await perform(request) { state throws(S3Failure) in
      guard state.multiparts[uploadID]?.key == key else { throw S3Failure(.noKey, "no such upload") }
      state.multiparts[uploadID]?.parts[number] = bytes
      return ""
    }
  }

  func completeMultipart(
    _ key: String,
    uploadID: String,
    parts: [S3Part],
    ifAbsent: Bool
  ) async throws(S3Failure) {
    let condition = conditionOfComplete
    try await perform(Request(operation: .completeMultipartUpload, key: key)) { state throws(S3Failure) in
      guard let multipart = state.multiparts[uploadID], multipart.key == key else {
        throw S3Failure(.noKey, "no such upload")
      }
      guard parts.map(\.number) == multipart.parts.keys.sorted(), parts.map(\.number) == Array(1...parts.count) else {
        throw S3Failure(.rejected, "not all parts")
      }
      if ifAbsent { try condition.check(exists: state.objects[key] != nil) }
      state.store(key, parts.flatMap { multipart.parts[$0.number] ?? [] }, multipart.headers)
      state.multiparts[uploadID] = nil
    }
  }

  func listParts(_ key: String, uploadID: String) async throws(S3Failure) -> [S3Part] {
    try await perform(Request(operation: .listParts, key: key)) { state throws(S3Failure) in
      guard let multipart = state.multiparts[uploadID], multipart.key == key else {
        throw S3Failure(.noKey, "no such upload")
      }
      return multipart.parts.sorted { $0.key < $1.key }
        .map { S3Part(number: $0.key, size: UInt64($0.value.count), tag: "") }
    }
  }

  func abortMultipart(_ key: String, uploadID: String) async throws(S3Failure) {
    try await perform(Request(operation: .abortMultipartUpload, key: key)) { state throws(S3Failure) in
      if state.multiparts[uploadID]?.key == key { state.multiparts[uploadID] = nil }
    }
  }

  func head(_ key: String, isPatient: Bool) async throws(S3Failure) -> S3Object? {
    try await perform(Request(operation: .headObject, key: key)) { state throws(S3Failure) in state.object(key) }
  }

  func get(
    _ key: String,
    range: Range<UInt64>?,
    ifMatch tag: String?,
    onBytes: @escaping @Sendable (ByteBuffer) -> EventLoopFuture<Void>
  ) async throws(S3Failure) {
    let bytes = try await perform(Request(operation: .getObject, key: key)) { state throws(S3Failure) in
      guard let stored = state.objects[key] else { throw S3Failure(.noKey, "no such object") }
      if let tag, tag != stored.tag { throw S3Failure(.conditionFailed, "changed") }
      let range = range.map { Int($0.lowerBound)..<Int($0.upperBound) } ?? 0..<stored.bytes.count
      return Array(stored.bytes[range])
    }
    for start in stride(from: 0, to: bytes.count, by: 1000) {
      do {
        try await onBytes(ByteBuffer(bytes: bytes[start..<min(bytes.count, start + 1000)])).get()
      } catch {
        throw S3Failure(.cancelled, "not wanted", cause: error)
      }
    }
  }

  func getSmall(_ key: String, upTo limit: Int) async throws(S3Failure) -> (S3Object, ByteBuffer)? {
    try await perform(Request(operation: .getObject, key: key)) { state throws(S3Failure) in
      guard let object = state.object(key), let stored = state.objects[key] else { return nil }
      guard stored.bytes.count <= limit else { throw S3Failure(.rejected, "too long") }
      return (object, ByteBuffer(bytes: stored.bytes))
    }
  }

  func list(prefix: String, delimiter: String?, continuation: String?) async throws(S3Failure) -> S3ListingPage {
    try await perform(Request(operation: .listObjects, key: prefix)) { state throws(S3Failure) in
      var entries: [String] = []
      for key in state.objects.keys.sorted() where key.hasPrefix(prefix) && !state.unlisted.contains(key) {
        let rest = key.dropFirst(prefix.count)
        let entry = rest.firstIndex(of: "/").flatMap { delimiter == nil ? nil : prefix + rest[...$0] } ?? key
        if entries.last != entry { entries.append(entry) }
      }
      let left = entries.filter { $0 > continuation ?? "" }
      let page = left.prefix(state.pageSize)
      func isPrefix(_ entry: String) -> Bool { delimiter != nil && entry.dropFirst(prefix.count).contains("/") }
      return S3ListingPage(
        objects: page.filter { !isPrefix($0) }.compactMap { state.object($0) },
        prefixes: page.filter(isPrefix),
        continuation: left.count > state.pageSize ? page.last : nil
      )
    }
  }

  func delete(_ key: String) async throws(S3Failure) {
    try await perform(Request(operation: .deleteObject, key: key)) { state throws(S3Failure) in state.objects[key] = nil
    }
  }

  func presignedGet(_ key: String, expires: Duration, fileName: String?) -> String { "http://engine/\(key)?signed" }
}

extension FakeBucket.Stored {
  fileprivate static let empty = FakeBucket.Stored(bytes: [], headers: S3ObjectHeaders(), modified: 0, tag: "")
}

extension FakeBucket.State {
  fileprivate mutating func store(
    _ key: String,
    _ bytes: [UInt8],
    _ headers: S3ObjectHeaders,
    at modified: Int64? = nil
  ) {
    number += 1
    objects[key] = FakeBucket.Stored(bytes: bytes, headers: headers, modified: modified ?? time, tag: "tag-\(number)")
  }

  fileprivate func object(_ key: String) -> S3Object? {
    objects[key].map { stored in
      S3Object(
        key: key,
        size: stored.statedSize ?? UInt64(stored.bytes.count),
        modified: stored.modified,
        tag: stored.tag,
        contentType: stored.headers.contentType,
        metadata: stored.headers.metadata
      )
    }
  }
}
