import HTTPTypes
import Hummingbird
import NIOCore
import UploadCore
import UploadProtocol
import UploadReport
import UploadStorage

/// Responds with a listing in chunks of a few KiB. Each is sent only when the socket has accepted the one before, since
/// thousands of clients may request a listing at once and read it slowly, or not at all.
struct Listing: Sendable {
  /// The size in bytes from which a rendered chunk is sent. A chunk is about all that a response occupies besides the
  /// names, which responses share.
  static let chunkSize = 4096

  let files: any FileListing
  let format: ListingFormat
  /// Whether directories are listed.
  let hasDirectories: Bool
  /// The memory of one chunk, ``chunkSize`` bytes, reserved in the budget until the response has been sent.
  let reservation: MemoryReservation
  let channel: any Channel

  /// The response, with status 200 and without a stated length. Its body is rendered while it is sent.
  func response() -> Response {
    var fields = HTTPFields.protected(as: format.contentType, policy: format.policy)
    // The same URL has two representations.
    fields[.vary] = "Accept"
    fields[.cacheControl] = "no-cache"
    let body = ResponseBody { writer in
      // The text that is sent next, and whether it or a chunk before it has a row.
      var (chunk, next) = ((text: ByteBuffer(string: format.start), hasRows: false), 0)
      repeat {
        let result = try await files.read(from: next, into: chunk) { [format, hasDirectories] chunk, entry in
          let row: String
          switch entry {
          case .directory(let name, let modified):
            guard hasDirectories else { return true }
            row = format.directoryRow(name, modified)
          // Reads the file where its type has to be detected.
          case .file(let file): row = format.row(file.typed)
          }
          chunk.text.writeString((chunk.hasRows ? format.separator : format.first) + row)
          chunk.hasRows = true
          return chunk.text.readableBytes < Self.chunkSize
        }
        (chunk, next) = (result.value, result.next)
        if next >= files.count { chunk.text.writeString((chunk.hasRows ? format.last : format.empty) + format.end) }
        try await channel.sendBody(chunk.text)
        chunk.text.clear()
      } while next < files.count
      try await writer.finish(nil)
    }
    return Response(status: .ok, headers: fields, body: body)
  }
}

/// The texts that a listing consists of, so that it can be written file by file.
struct ListingFormat: Sendable {
  let contentType: String
  /// The value of `Content-Security-Policy`; nil for what browsers do not show as a page.
  var policy: String?
  /// The text at the beginning, before any file.
  let start: String
  /// The text before the first row; not used without rows.
  var first = ""
  /// The text between two rows.
  let separator: String
  /// The text after the last row; not used without rows.
  var last = ""
  /// The text in place of the rows when there are none.
  var empty = ""
  /// The text at the end, after all rows.
  let end: String
  /// Renders one file. Callable on any thread.
  let row: @Sendable (StoredFile) -> String
  /// Renders one directory: its name, and its last change in seconds since 1970. Callable on any thread.
  let directoryRow: @Sendable (NameBytes, Int64) -> String

  /// The whole listing of these files, in their order.
  func text(_ files: [StoredFile]) -> String {
    let rows = files.isEmpty ? empty : first + files.map(row).joined(separator: separator) + last
    return start + rows + end
  }

  /// The format for programs: a JSON object with the array `files`, in which directories are, too.
  /// - Parameter path: of the request, which each `url` is relative to; with or without a query.
  static func json(_ directory: BrowsedDirectory, path: String) -> ListingFormat {
    let page = Page(path: path)
    return ListingFormat(
      contentType: "application/json",
      start: "{\"files\":[",
      separator: ",",
      end: "]}\n",
      row: { file in
        let name = file.nameBytes.lastComponent
        return JSONValue.object([
          ("name", .string(name.description)),
          ("url", .string(page.link(to: directory.url(of: name)))),
          ("size", .unsigned(file.size)),
          ("type", .optional(file.type)),
          ("sha256", .optional(file.digests.sha256Text)),
          ("modified", .string(HTTPDate.internetText(file.modified))),
        ]).serialized
      },
      directoryRow: { name, modified in
        JSONValue.object([
          ("name", .string(name.description + "/")),
          ("url", .string(page.link(to: directory.url(of: name) + "/"))),
          ("directory", .bool(true)),
          ("modified", .string(HTTPDate.internetText(modified))),
        ]).serialized
      }
    )
  }
}
