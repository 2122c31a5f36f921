import Foundation

/// The protocols of resumable uploads, as a client writes their requests byte by byte.
enum ResumableProtocol: String, CaseIterable, Sendable {
  /// draft-ietf-httpbis-resumable-upload, interop version 10.
  case draft
  /// tus 1.0.0.
  case tus

  /// The field that every request has.
  var versionField: String {
    switch self {
    case .draft: "Upload-Draft-Interop-Version: 10"
    case .tus: "Tus-Resumable: 1.0.0"
    }
  }

  /// Method and target of a creation.
  func creationTarget(_ name: String) -> (method: String, target: String) {
    switch self {
    case .draft: ("POST", "/stream-upload?name=\(name)")
    case .tus: ("POST", "/uploads")
    }
  }

  /// The fields of a creation without a body.
  func creationFields(_ name: String, length: Int?) -> [String] {
    switch self {
    case .draft: [versionField, "Upload-Complete: ?0"] + (length.map { ["Upload-Length: \($0)"] } ?? [])
    case .tus:
      [
        versionField, length.map { "Upload-Length: \($0)" } ?? "Upload-Defer-Length: 1",
        "Upload-Metadata: filename \(name.base64)",
      ]
    }
  }

  /// The fields of a PATCH besides its length.
  /// - Parameter isLast: whether the body ends with the file's last byte.
  func appendFields(at offset: Int, isLast: Bool) -> [String] {
    switch self {
    case .draft:
      [
        versionField, "Content-Type: application/partial-upload", "Upload-Offset: \(offset)",
        "Upload-Complete: \(isLast ? "?1" : "?0")",
      ]
    case .tus: [versionField, "Content-Type: application/offset+octet-stream", "Upload-Offset: \(offset)"]
    }
  }

  /// The status of the response to the request that completes the upload.
  var storedStatus: Int {
    switch self {
    case .draft: 201
    case .tus: 204
    }
  }

  /// The status of a successful response to HEAD.
  var foundStatus: Int {
    switch self {
    case .draft: 204
    case .tus: 200
    }
  }
}

extension String {
  /// Its UTF-8 in Base64.
  var base64: String { Data(utf8).base64EncodedString() }
}
