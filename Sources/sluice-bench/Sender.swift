import Basics
import Glibc
import UploadCore
import UploadProtocol

/// Sends files of one size in one mode.
struct Sender: Sendable {
  let mode: SendMode
  /// Content of each, in bytes.
  let size: Int
  let source: SourceFile

  private static let boundary = MultipartBoundary.random()

  /// Sends one and waits for its response.
  /// - Throws: ``UploadError``; code `refusedByServer` for any response but 201.
  func send(_ name: String, over connection: Connection) throws(UploadError) {
    switch mode {
    case .stream:
      try connection.send(
        Self.head("/stream-upload?name=\(name)", type: "application/octet-stream", length: size),
        more: true
      )
      try connection.send(source, count: size)
    case .multipart:
      let (start, end) = formHeads(name)
      try connection.send(start, more: true)
      try connection.send(source, count: size)
      try connection.send(end)
    case .buffered:
      let form = try formInMemory(name)
      defer { form.deallocate() }
      try connection.send(UnsafeRawBufferPointer(form))
    }
    try Self.expectStored(connection)
  }

  /// Waits for an upload's response.
  /// - Throws: ``UploadError``; code `refusedByServer` for any response but 201.
  static func expectStored(_ connection: Connection) throws(UploadError) {
    let status = try connection.readStatus()
    guard status == 201 else { throw UploadError(.refusedByServer, "The server answered \(status) instead of 201.") }
  }

  /// The head of a request for an upload of `length` bytes.
  static func head(_ target: String, type: String, length: Int) -> [UInt8] {
    let lines = [
      "POST \(target) HTTP/1.1", "Host: 127.0.0.1", "Content-Type: \(type)", "Content-Length: \(length)", "", "",
    ]
    return Array(lines.joined(separator: "\r\n").utf8)
  }

  /// What goes before a form's content, from the request's head on, and what goes after it.
  private func formHeads(_ name: String) -> (start: [UInt8], end: [UInt8]) {
    let writer = MultipartWriter(boundary: Self.boundary)
    let part = writer.head(fieldName: "file", filename: name, contentType: "application/octet-stream", isFirst: true)
    let length = part.count + size + writer.tail.count
    return (Self.head("/file-upload", type: Self.boundary.contentType, length: length) + part, writer.tail)
  }

  /// All of a form's request. The caller deallocates it.
  private func formInMemory(_ name: String) throws(UploadError) -> UnsafeMutableRawBufferPointer {
    let (start, end) = formHeads(name)
    let form = UnsafeMutableRawBufferPointer.allocate(byteCount: start.count + size + end.count, alignment: 16)
    form.copyBytes(from: start)
    UnsafeMutableRawBufferPointer(rebasing: form[(start.count + size)...]).copyBytes(from: end)
    do {
      try source.read(into: UnsafeMutableRawBufferPointer(rebasing: form[start.count..<start.count + size]))
    } catch {
      form.deallocate()
      throw error
    }
    return form
  }
}

/// How a file goes out.
enum SendMode: String, CaseIterable {
  /// As the body, by `sendfile`.
  case stream
  /// In a form, by `sendfile`.
  case multipart
  /// In a form that is read into memory first, as many programs do.
  case buffered
}

/// Where senders take content from: a file without a name, of random bytes, written and synced, so that it lies in the
/// page cache before anything is measured. Larger uploads send it again and again.
final class SourceFile: Sendable {
  /// Small enough to stay in the cache.
  static let length = 64 << 20
  private static let pieceSize = 1 << 20

  let descriptor: Int32

  /// - Parameter directory: where it lies.
  /// - Throws: ``UploadError`` with code `badDirectory` or `diskFull`.
  init(directory: String) throws(UploadError) {
    let path = directory + "/sluice-bench-source-\(UploadID())"
    descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      let cause = SystemCallError("open", errno)
      throw UploadError(.badDirectory, "Nothing can be made in \(directory); name another --dir.", cause: cause)
    }
    unlink(path)
    var noise = SplitMix64(seed: 3)
    for offset in stride(from: 0, to: Self.length, by: Self.pieceSize) {
      let piece = noise.bytes(Self.pieceSize)
      guard pwrite(descriptor, piece, piece.count, off_t(offset)) == piece.count else {
        let cause = SystemCallError("write", errno)
        throw UploadError(.diskFull, "There is no room for 64 MiB in \(directory).", cause: cause)
      }
    }
    fsync(descriptor)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Reads the first `buffer.count` bytes of what an upload of that size holds.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(UploadError) {
    var done = 0
    while done < buffer.count {
      let offset = done % Self.length
      let count = pread(
        descriptor,
        buffer.baseAddress.map { $0 + done },
        min(buffer.count - done, Self.length - offset),
        off_t(offset)
      )
      guard count > 0 else {
        let cause = SystemCallError("pread", errno)
        throw UploadError(.unreadableFile, "The file to be sent cannot be read (\(cause)).", cause: cause)
      }
      done += count
    }
  }
}
