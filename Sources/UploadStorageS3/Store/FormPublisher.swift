import Synchronization
import UploadCore
import UploadStorage

/// The keys that the files of one request have taken so far.
final class FormNames: Sendable {
  private struct State {
    var keys: Set<String>
    /// Those of ``keys`` whose files replace other objects.
    var replacing: Set<String> = []
  }

  private let state: Mutex<State>

  /// - Parameter keys: taken from the beginning.
  init(_ keys: [String] = []) {
    state = Mutex(State(keys: Set(keys)))
  }

  /// - Returns: false when another file has taken the key.
  func take(_ key: String) -> Bool { state.withLock { $0.keys.insert(key).inserted } }

  /// Whether a file has taken the key.
  func contains(_ key: String) -> Bool { state.withLock { $0.keys.contains(key) } }

  /// Notes that the file of a key is about to replace another object.
  func noteReplacing(_ key: String) { state.withLock { _ = $0.replacing.insert(key) } }

  /// The keys whose objects can be deleted when the request fails.
  var removable: [String] { state.withLock { $0.keys.subtracting($0.replacing).sorted() } }
}

extension StagedObject {
  /// Stores the object under its name.
  /// - Parameter form: the names of the other files of its request.
  /// - Throws: ``UploadError``; then nothing of it is left.
  func publish(
    with store: S3StoreParts,
    in form: FormNames = FormNames()
  ) async throws(UploadError) -> (file: StoredFile, key: String) {
    guard let content = take() else {
      throw UploadError(.internalFailure, "A staged file was published twice.")
    }
    switch content {
    case .spooled(let part):
      defer { store.discard(content) }
      let stored = try await store.publisher.put(part.body, request, digests: digests, upload: meter.id, in: form)
      meter.markDurable()
      return stored
    case .parts(let object, let parts):
      do throws(UploadError) {
        let file = try await store.publisher.complete(object, parts, request, digests: digests, in: form)
        meter.markDurable()
        return (file, object.key)
      } catch {
        store.discard(content)
        throw error
      }
    }
  }

  /// The key that a multipart upload has already; nil for a file that gets its name when it is stored.
  var key: String? {
    switch content {
    case .spooled, nil: nil
    case .parts(let object, _): object.key
    }
  }
}

/// Stores the files of one request: all of them, or none, as far as an engine allows. It has no transaction: files appear one
/// after the other, those of one part first. When one fails, those that have appeared are deleted again, except where they have
/// replaced another object, or another upload has replaced them.
struct FormPublisher: Sendable {
  /// How many files are stored at once.
  private static let filesAtOnce = 8

  /// Of the files.
  let store: S3StoreParts

  /// - Returns: the files, in the order given.
  /// - Throws: ``UploadError`` of the first that failed.
  func publish(_ files: [StagedObject]) async throws(UploadError) -> [StoredFile] {
    let form = FormNames(files.compactMap(\.key))
    let spooled = files.indices.filter { files[$0].key == nil }
    let multipart = files.indices.filter { files[$0].key != nil }
    do throws(UploadError) {
      let first = try await publish(files, spooled, form)
      let last = try await publish(files, multipart, form)
      return files.indices.compactMap { first[$0] ?? last[$0] }
    } catch {
      files.forEach { $0.discard() }
      await rollBack(form, Set(files.map(\.meter.id)))
      throw error
    }
  }

  /// Deletes the objects of the files, also of those whose success could not be confirmed. Where the engine does not respond,
  /// the request does not wait for the rest.
  private func rollBack(_ form: FormNames, _ uploads: Set<UploadID>) async {
    var left = form.removable[...]
    while let key = left.first, await delete(key, uploads, isPatient: false) { left.removeFirst() }
    guard !left.isEmpty else { return }
    store.cleanup.begin { [left] in
      for key in left { _ = await delete(key, uploads, isPatient: true) }
    }
  }

  private func delete(_ key: String, _ uploads: Set<UploadID>, isPatient: Bool) async -> Bool {
    (try? await store.requests.delete(key, of: uploads, isPatient: isPatient)) != nil
  }

  /// What became of one of the files. It is made where nothing is awaited any more: in release builds of Swift 6.3.1 a tuple of
  /// an index and a result that is awaited within it, `(index, .success(try await …))`, has a wrong index.
  private struct Published: Sendable {
    let index: Int
    let result: Result<StoredFile, UploadError>
  }

  private func publish(_ file: StagedObject, at index: Int, _ form: FormNames) async -> Published {
    do throws(UploadError) {
      let stored = try await file.publish(with: store, in: form)
      return Published(index: index, result: .success(stored.file))
    } catch {
      return Published(index: index, result: .failure(error))
    }
  }

  /// - Returns: the files of the indices.
  private func publish(
    _ files: [StagedObject],
    _ indices: [Int],
    _ form: FormNames
  ) async throws(UploadError) -> [Int: StoredFile] {
    // What the tasks have done is the closure's result: it changes nothing outside of it.
    let result = await withTaskGroup(of: Published.self) { group in
      var (left, stored, failure): (ArraySlice<Int>, [Int: StoredFile], UploadError?) = (indices[...], [:], nil)
      func begin() {
        guard failure == nil, let index = left.popFirst() else { return }
        group.addTask { await publish(files[index], at: index, form) }
      }
      for _ in 0..<Self.filesAtOnce { begin() }
      while let published = await group.next() {
        switch published.result {
        case .success(let file): stored[published.index] = file
        case .failure(let error): failure = failure ?? error
        }
        begin()
      }
      return failure.map { Result<[Int: StoredFile], UploadError>.failure($0) } ?? .success(stored)
    }
    return try result.get()
  }
}
