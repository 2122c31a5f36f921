import Hummingbird
import NIOCore
import UploadCore
import UploadProtocol
import UploadReport
import UploadStorage

/// Responds with a listing, a few KiB at a time, each sent only when the client has accepted the one before: thousands of
/// clients may request one at once and read slowly, or not at all.
struct Listing: Sendable {
  /// Bytes rendered at once, and all that a response holds besides the names that it shares with others.
  static let pieceSize = 4096

  let files: any FileListing
  let format: ListingFormat
  /// Of ``pieceSize`` bytes.
  let reservation: MemoryReservation
  let channel: any Channel

  func response() -> Response {
    var fields = ServerResponse(status: .ok, contentType: format.contentType, body: "").fields
    fields[.contentLength] = nil
    let body = ResponseBody { writer in
      var place = Place()
      while !place.isAtEnd {
        let piece: ByteBuffer
        (piece, place) = try await render(from: place)
        try await channel.sendBody(piece)
      }
      try await writer.finish(nil)
    }
    return Response(status: .ok, headers: fields, body: body)
  }

  /// How far it has been rendered.
  private struct Place: Sendable {
    var isAtStart = true
    var hasFiles = false
    var next = 0
    var isAtEnd = false
  }

  /// The text that is sent next.
  private struct Piece: Sendable {
    var bytes = ByteBufferAllocator().buffer(capacity: Listing.pieceSize)
    /// Whether this piece, or one before, has a file.
    var hasFiles: Bool

    var isFull: Bool { bytes.readableBytes >= Listing.pieceSize }

    /// Adds a file's row; reads the file where its type has to be detected, which blocks.
    mutating func add(_ file: any OpenFile, as format: ListingFormat) {
      bytes.writeString(hasFiles ? format.separator : format.first)
      bytes.writeString(format.row(file.typed))
      hasFiles = true
    }
  }

  /// Renders the next piece.
  private func render(from start: Place) async throws -> (ByteBuffer, Place) {
    var place = start
    var piece = Piece(hasFiles: place.hasFiles)
    if place.isAtStart { piece.bytes.writeString(format.start) }
    place.isAtStart = false
    if place.next < files.count, !piece.isFull {
      let result = try await files.read(from: place.next, into: piece) { [format] piece, file in
        piece.add(file, as: format)
        return !piece.isFull
      }
      (piece, place.next) = (result.value, result.next)
    }
    place.hasFiles = piece.hasFiles
    if place.next == files.count {
      piece.bytes.writeString((place.hasFiles ? format.last : format.empty) + format.end)
      place.isAtEnd = true
    }
    return (piece.bytes, place)
  }
}

/// How a listing is written: around its files, and between them. So it can be written file by file.
struct ListingFormat: Sendable {
  let contentType: String
  /// Before everything.
  let start: String
  /// Before the first file.
  let first: String
  let separator: String
  /// Behind the last file.
  let last: String
  /// In place of these when there is no file.
  let empty: String
  /// Behind everything.
  let end: String
  let row: @Sendable (StoredFile) -> String

  /// A listing of files that are known already.
  func text(_ files: [StoredFile]) -> String {
    guard !files.isEmpty else { return start + empty + end }
    return start + first + files.map(row).joined(separator: separator) + last + end
  }

  /// For programs.
  /// - Parameter path: of the request, which each file's `url` is relative to.
  static func json(path: String) -> ListingFormat {
    ListingFormat(
      contentType: "application/json",
      start: "{\"files\":[",
      first: "",
      separator: ",",
      last: "",
      empty: "",
      end: "]}\n",
      row: { file in
        JSONValue.object([
          ("name", .string(file.name)),
          ("url", .string(file.url(relativeTo: path))),
          ("size", .unsigned(file.size)),
          ("type", .optional(file.type)),
          ("sha256", .optional(file.digests.sha256Text)),
          ("modified", .string(HTTPDate.internetText(file.modified))),
        ]).serialized
      }
    )
  }
}
