/// The URL of an upload, as a server states it in `Location`.
///
/// Only its path and its query are used. Requests for the upload, with the access token, always go to the host and port of
/// the target: behind a proxy the server may not know the public one, and the token must not reach any other host. A URL whose
/// host or port is malformed is not used at all: nothing tells what the rest of it means.
enum UploadLocation {
  /// The most bytes of a path with its query.
  private static let limit = 8 * 1024

  /// The path and the query of a `Location`, relative to the request's (RFC 3986 section 5.2), without its fragment; nil
  /// for one that cannot be part of a request line.
  static func uri(_ location: String, relativeTo request: String) -> String? {
    let text = location.prefix { $0 != "#" }
    guard !text.isEmpty, text.utf8.count <= limit, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      return nil
    }
    if let scheme = scheme(of: text) {
      let rest = text.dropFirst(scheme.count + 1)
      guard ["http", "https"].contains(scheme.lowercased()), rest.hasPrefix("//") else { return nil }
      return afterAuthority(rest)
    }
    if text.hasPrefix("//") { return afterAuthority(text) }
    if text.hasPrefix("/") { return String(text) }
    let path = request.prefix { $0 != "?" }
    if text.hasPrefix("?") { return String(path) + text }
    let directory = path.lastIndex(of: "/").map { path[...$0] } ?? "/"
    let relative = text.prefix { $0 != "?" }
    return withoutDots(String(directory) + relative) + text[relative.endIndex...]
  }

  /// `uri` without the access tokens in its query.
  static func withoutToken(_ uri: String) -> String {
    let path = uri.prefix { $0 != "?" }
    let items = uri[path.endIndex...].dropFirst().split(separator: "&").filter { !isToken($0) }
    return items.isEmpty ? String(path) : path + "?" + items.joined(separator: "&")
  }

  /// `uri` with the access tokens in the query of `request`, unless it has one of its own.
  static func withToken(_ uri: String, of request: String) -> String {
    func tokens(_ uri: String) -> [Substring] {
      uri.drop { $0 != "?" }.dropFirst().split(separator: "&").filter(isToken)
    }
    let items = tokens(request)
    guard !items.isEmpty, tokens(uri).isEmpty else { return uri }
    return uri + (uri.utf8.contains(UInt8(ascii: "?")) ? "&" : "?") + items.joined(separator: "&")
  }

  private static func isToken(_ item: Substring) -> Bool {
    item.hasPrefix("token=") || item.hasPrefix("access_token=")
  }

  /// The scheme before the first colon; nil where a slash or a question mark precedes it.
  private static func scheme(of text: Substring) -> Substring? {
    let scheme = text.prefix { !":/?".contains($0) }
    return !scheme.isEmpty && text[scheme.endIndex...].hasPrefix(":") ? scheme : nil
  }

  /// - Parameter text: a URL without its scheme, from `//` on.
  private static func afterAuthority(_ text: Substring) -> String? {
    let authority = text.dropFirst(2).prefix { !"/?".contains($0) }
    // Also rejects one without a host (RFC 9110 section 4.2.1), and one with a user name (section 4.2.4).
    guard (try? SendTarget("http://" + authority)) != nil else { return nil }
    let rest = text[authority.endIndex...]
    return rest.hasPrefix("/") ? String(rest) : "/" + rest
  }

  private static func withoutDots(_ path: String) -> String {
    var parts: [Substring] = []
    let all = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    for (index, part) in all.enumerated() {
      let isLast = index == all.count - 1
      switch part {
      case ".": if isLast { parts.append("") }
      case "..":
        _ = parts.popLast()
        if isLast { parts.append("") }
      case _: parts.append(part)
      }
    }
    return "/" + parts.joined(separator: "/")
  }
}
