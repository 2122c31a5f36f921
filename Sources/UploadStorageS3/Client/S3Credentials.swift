import Basics
import Glibc
package import UploadCore
import UploadProtocol

/// The keys that requests are signed with. Neither printing nor dumping the value shows them.
package struct S3Credentials: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
  /// Names the key in each request.
  let accessKeyID: String
  /// Signs; never sent.
  let secretAccessKey: String
  /// Of temporary credentials; nil for others.
  let sessionToken: String?

  /// - Throws: ``UploadError`` with code `badValue` when a key is empty or contains a character that no header field
  ///   can have. The message does not quote it.
  package init(
    accessKeyID: String,
    secretAccessKey: String,
    sessionToken: String? = nil
  ) throws(UploadError) {
    func check(_ text: String, _ name: String) throws(UploadError) {
      guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
        throw UploadError(.badValue, "The S3 \(name) is empty, or contains a space or a character that none has.")
      }
    }
    try check(accessKeyID, "access key ID")
    try check(secretAccessKey, "secret access key")
    if let sessionToken { try check(sessionToken, "session token") }
    (self.accessKeyID, self.secretAccessKey, self.sessionToken) = (accessKeyID, secretAccessKey, sessionToken)
  }

  package var description: String { "S3Credentials" }
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension S3Credentials {
  /// The most bytes of a credentials file.
  private static let sizeLimit = 1 << 20

  /// The credentials of the environment, in the order of other S3 tools:
  ///
  /// 1. `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, perhaps with `AWS_SESSION_TOKEN`;
  /// 2. the profile `AWS_PROFILE` (otherwise `default`) of the file `AWS_SHARED_CREDENTIALS_FILE` (otherwise
  ///    `~/.aws/credentials`).
  ///
  /// An empty variable counts as unset. Reads the file, which may block.
  /// - Throws: ``UploadError`` with code `badValue` when there are none or they are incomplete, `unreadableFile` when the
  ///   file cannot be read.
  package static func load(_ environment: [String: String]) throws(UploadError) -> S3Credentials {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    if let key = value("AWS_ACCESS_KEY_ID") {
      guard let secret = value("AWS_SECRET_ACCESS_KEY") else {
        throw UploadError(.badValue, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not. Set both.")
      }
      return try S3Credentials(accessKeyID: key, secretAccessKey: secret, sessionToken: value("AWS_SESSION_TOKEN"))
    }
    let profile = value("AWS_PROFILE") ?? "default"
    guard let path = value("AWS_SHARED_CREDENTIALS_FILE") ?? value("HOME").map({ $0 + "/.aws/credentials" }),
      value("AWS_SHARED_CREDENTIALS_FILE") != nil || value("AWS_PROFILE") != nil || access(path, F_OK) == 0
    else {
      throw UploadError(
        .badValue,
        "There are no S3 credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE."
      )
    }
    return try parse(try read(path), profile: profile, path: PlainText.sanitized(path))
  }

  private static func read(_ path: String) throws(UploadError) -> [UInt8] {
    func unreadable(_ reason: String) -> UploadError {
      UploadError(.unreadableFile, "The credentials file \"\(PlainText.sanitized(path))\" cannot be read: \(reason).")
    }
    if let problem = FileAccess.problem(path) { throw unreadable(problem) }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(String(cString: strerror(errno))) }
    defer { close(descriptor) }
    guard let bytes = readAll(descriptor, limit: sizeLimit) else { throw unreadable(String(cString: strerror(errno))) }
    guard bytes.count <= sizeLimit else { throw unreadable("it has more than \(ByteSize.text(UInt64(sizeLimit)))") }
    return bytes
  }

  /// Reads a profile of a credentials file: sections in brackets, with lines `key = value` below them.
  /// - Parameter path: the file's, for messages.
  static func parse(_ bytes: [UInt8], profile: String, path: String) throws(UploadError) -> S3Credentials {
    var values: [String: String]?
    var isInProfile = false
    for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
      let text = String(decoding: line.trimmingBlanks, as: UTF8.self)
      if text.hasPrefix("#") || text.hasPrefix(";") { continue }
      if text.hasPrefix("["), text.hasSuffix("]") {
        isInProfile = Substring(text.dropFirst().dropLast().utf8.trimmingBlanks) == profile
        if isInProfile { values = values ?? [:] }
      } else if isInProfile, let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) {
        let name = Substring(text.utf8[..<equals].trimmingBlanks)
        values?[name.lowercased()] = String(Substring(text.utf8[text.utf8.index(after: equals)...].trimmingBlanks))
      }
    }
    let place = "the profile \"\(PlainText.sanitized(profile))\" of the credentials file \"\(path)\""
    guard let values else { throw UploadError(.badValue, "There is no \(place.dropFirst(4)). Check AWS_PROFILE.") }
    guard let key = values["aws_access_key_id"], let secret = values["aws_secret_access_key"] else {
      throw UploadError(.badValue, "aws_access_key_id or aws_secret_access_key is missing in \(place).")
    }
    return try S3Credentials(
      accessKeyID: key,
      secretAccessKey: secret,
      sessionToken: values["aws_session_token"].flatMap { $0.isEmpty ? nil : $0 }
    )
  }
}
