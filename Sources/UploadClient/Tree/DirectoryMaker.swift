import HTTPExchange
import NIOHTTP1
import UploadCore

/// Makes empty directories at a server (MKCOL, RFC 4918 section 9.3). Its calls may overlap.
actor DirectoryMaker {
  /// What became of a directory at the server.
  enum Result: Sendable {
    case made
    /// There was one.
    case existed
    /// The server makes no directories: it is not sent, which is no failure.
    case unsupported
    case failed(UploadError)
  }

  private let request: ServerRequest
  private let hasToken: Bool
  /// Whether the server has shown that it makes no directories.
  private var isUnsupported = false

  init(_ request: ServerRequest) {
    self.request = request
    hasToken = request.target.authorization != nil
  }

  /// Makes a directory, and its parents where the server does not.
  /// - Parameter path: without a slash at its end (``NameBytes/losslessText``).
  func make(_ path: String) async -> Result {
    guard !isUnsupported else { return .unsupported }
    do throws(UploadError) {
      let response = try await sendMKCOL(path)
      // RFC 4918: a parent is missing.
      guard response.status == 409 else { return try await result(response, path) }
      let components = NameBytes(lossless: path).bytes.split(separator: UInt8(ascii: "/"))
      for count in 1..<max(1, components.count) {
        let parent = NameBytes(components.prefix(count).joined(separator: "/".utf8)).losslessText
        let response = try await sendMKCOL(parent)
        guard response.status == 405 || response.isSuccess else {
          return try await result(response, parent)
        }
      }
      return try await result(try await sendMKCOL(path), path)
    } catch {
      return .failed(error)
    }
  }

  private func sendMKCOL(_ path: String) async throws(UploadError) -> ExchangeResponse {
    try await request.send(HTTPMethod(rawValue: "MKCOL"), request.uri(ofDirectory: path))
  }

  private func result(_ response: ExchangeResponse, _ path: String) async throws(UploadError) -> Result {
    switch response.status {
    case 200..<300: return .made
    case 405:
      // The directory exists, or the method does not: only the directory itself shows which.
      let found = try await request.send(.HEAD, request.uri(ofDirectory: path))
      if found.isSuccess { return .existed }
      isUnsupported = true
      return .unsupported
    case 404, 501:
      isUnsupported = true
      return .unsupported
    default:
      let error = response.rejection(hasToken: hasToken)
      // A Sluice server that keeps no directories; files it accepts.
      guard response.status == 403, error.message.contains("(--flat)") else { return .failed(error) }
      isUnsupported = true
      return .unsupported
    }
  }
}
