import Hummingbird
import NIOCore
import NIOHTTPTypes
import UploadCore
import UploadProtocol
import UploadStorage

extension Response {
  /// The same response in Hummingbird's form, with its whole body.
  init(_ response: ServerResponse) {
    self.init(status: response.status, headers: response.fields, body: ResponseBody(byteBuffer: response.body))
  }
}

extension Channel {
  /// Sends a chunk of a response's body, and waits until the socket has accepted it. Hummingbird's writer checks for
  /// room on another thread, and so passes on megabytes before the event loop can report that there is none.
  ///
  /// Callable on any thread. A cancellation of the task closes the connection.
  /// - Throws: the connection's error when it cannot send, or is closed before.
  func sendBody(_ chunk: ByteBuffer) async throws {
    try await withTaskCancellationHandler {
      try await writeAndFlush(HTTPResponsePart.body(chunk))
    } onCancel: {
      close(promise: nil)
    }
  }
}

extension OpenFile {
  /// The file with its type. Where no type is stored with it, as on file systems without attributes, it is detected
  /// again: from the name and, for a local file, from the content, for which the call blocks; see
  /// ``MediaTypeNames/best(detected:declared:fileName:)``. It is nil where neither shows one.
  var typed: StoredFile {
    guard file.type == nil else { return file }
    var typed = file
    var detected: String?
    if case .region(let region) = content(in: 0..<file.size) {
      // A file that cannot be read shows no type; a download of it reports the error.
      detected = try? MediaTypeSniffer.type { (offset, count) throws(UploadError) in
        try withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { buffer throws(UploadError) in
          Array(buffer.prefix(try region.read(into: buffer, at: UInt64(offset))))
        }
      }
    }
    typed.type = MediaTypeNames.best(detected: detected, declared: nil, fileName: file.name)
    return typed
  }
}
