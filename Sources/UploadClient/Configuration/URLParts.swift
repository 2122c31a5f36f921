import Glibc
import UploadCore

/// The components of an `http` or `https` URL, checked one by one so that each mistake has an error message of its own.
struct URLParts {
  let isSecure: Bool
  /// A name, an IPv4 address, or an IPv6 address without brackets, with its zone after a plain `%`.
  let host: String
  let port: Int
  let path: String
  let query: String?

  /// An example of a valid URL, for error messages.
  private static let example = "Write for example http://127.0.0.1:8080 or http://host:8080/inbox/."

  /// Without a scheme it is `http`: `host:8080`, `127.0.0.1:8080/inbox/`.
  /// - Throws: ``UploadError`` with code `badURL`.
  init(_ text: String) throws(UploadError) {
    let rest: Substring
    if let colon = text.firstRange(of: "://") {
      isSecure = try Self.isSecure(text[..<colon.lowerBound], of: text)
      rest = text[colon.upperBound...]
    } else {
      guard !text.isEmpty else { throw UploadError(.badURL, "The address to send to is empty. \(Self.example)") }
      // Otherwise this would be a host called "http".
      guard !["http:", "https:"].contains(where: text.lowercased().hasPrefix) else {
        throw Self.error(text, "has no // behind its scheme")
      }
      // Digits alone would be read as the number of an IPv4 address.
      guard !text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
        throw Self.error(text, "names a port and no host")
      }
      isSecure = false
      rest = text[...]
    }
    let authority = rest.prefix { !"/?#".contains($0) }
    (host, port) = try Self.authority(authority, isSecure: isSecure, of: text)
    let tail = rest[authority.endIndex...].prefix { $0 != "#" }
    let rawPath = tail.prefix { $0 != "?" }
    path = rawPath.isEmpty ? "/" : try Self.encoded(rawPath, of: text)
    let question = tail[rawPath.endIndex...]
    query = question.isEmpty ? nil : try Self.encoded(question.dropFirst(), of: text)
  }

  /// The scheme's port, when the URL names none.
  static func defaultPort(isSecure: Bool) -> Int { isSecure ? 443 : 80 }

  private static func isSecure(_ scheme: Substring, of text: String) throws(UploadError) -> Bool {
    switch scheme.lowercased() {
    case "http": return false
    case "https": return true
    default: throw error(text, "is not an http:// or https:// URL")
    }
  }

  private static func authority(
    _ authority: Substring,
    isSecure: Bool,
    of text: String
  ) throws(UploadError) -> (String, Int) {
    // The message does not contain the URL: it would show the password.
    guard !authority.utf8.contains(UInt8(ascii: "@")) else {
      throw UploadError(
        .badURL,
        "A URL with a name or a password in it is not taken, since URLs are shown and logged. "
          + "Leave out what stands before the @ and send an Authorization header instead."
      )
    }
    let host: Substring
    let port: Substring
    if authority.hasPrefix("[") {
      guard let close = authority.firstIndex(of: "]") else { throw error(text, "has a [ without a ]") }
      host = authority[authority.index(after: authority.startIndex)..<close]
      port = authority[authority.index(after: close)...]
      return (try version6(host, of: text), try self.port(port, isSecure: isSecure, of: text))
    } else if isVersion6(authority.prefix { $0 != "%" }) {
      // Without brackets, a port would look like the end of the address.
      return (try version6(authority, of: text), defaultPort(isSecure: isSecure))
    } else {
      host = authority.prefix { $0 != ":" }
      port = authority[host.endIndex...]
      guard !host.isEmpty else { throw error(text, "names no host") }
      guard host.utf8.allSatisfy(isHostByte) else { throw error(text, "has a character in its host that no host has") }
    }
    return (String(host), try self.port(port, isSecure: isSecure, of: text))
  }

  /// An IPv6 address, with its zone after `%25` (RFC 6874) or a plain `%`.
  private static func version6(_ text: Substring, of url: String) throws(UploadError) -> String {
    let address = text.prefix { $0 != "%" }
    guard isVersion6(address) else { throw error(url, "has no IPv6 address between [ and ]") }
    guard address.endIndex < text.endIndex else { return String(address) }
    let zone = InterfaceZone.decoded(text[text.index(after: address.endIndex)...])
    guard !zone.isEmpty, zone.utf8.allSatisfy(isHostByte) else {
      throw error(url, "names no network interface behind the % of its address")
    }
    return InterfaceZone.belongs(to: address) ? "\(address)%\(zone)" : String(address)
  }

  private static func isVersion6(_ text: Substring) -> Bool {
    var address = [UInt8](repeating: 0, count: 16)
    return inet_pton(AF_INET6, String(text), &address) == 1
  }

  /// `text` is empty, `:` (RFC 3986 section 3.2.3 allows it) or `:8080`.
  private static func port(_ text: Substring, isSecure: Bool, of url: String) throws(UploadError) -> Int {
    guard !text.isEmpty, text != ":" else { return defaultPort(isSecure: isSecure) }
    let digits = text.dropFirst()
    guard text.first == ":", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits),
      (1...65_535).contains(port)
    else {
      throw error(url, "has no port between 1 and 65535 behind its host")
    }
    return port
  }

  /// Spaces and bytes beyond ASCII are escaped, as browsers do; control characters are rejected: they could end the request
  /// line.
  private static func encoded(_ text: Substring, of url: String) throws(UploadError) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case 0x00..<0x20, 0x7F:
        throw error(url, "has a control character in it")
      case 0x21..<0x7F:
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        result += digits.utf8.count == 1 ? "%0" + digits : "%" + digits
      }
    }
    return result
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private static func error(_ text: String, _ reason: String) -> UploadError {
    UploadError(.badURL, "\"\(PlainText.sanitized(text))\" \(reason). \(example)")
  }
}
