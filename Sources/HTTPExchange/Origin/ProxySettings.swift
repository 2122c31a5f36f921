package import UploadCore

/// Which proxy, if any, leads to which server: from an option and from the variables that curl uses.
///
/// | variable | for |
/// |---|---|
/// | `http_proxy` | http targets. Not `HTTP_PROXY`: in a CGI program a client could set that with the header field `Proxy` |
/// | `https_proxy`, `HTTPS_PROXY` | https targets |
/// | `all_proxy`, `ALL_PROXY` | targets for which those above are not set |
/// | `no_proxy`, `NO_PROXY` | targets that are reached directly; see ``ProxyExceptions`` |
///
/// An empty variable counts as unset. Of two names in a row the first one that is set counts. Loopback addresses are no
/// exception.
package struct ProxySettings: Sendable, Equatable {
  /// The URL of a proxy, unchecked, and which option or variable it is from.
  private struct Choice: Sendable, Equatable {
    let url: String
    let source: String
  }

  private var http: Choice?
  private var https: Choice?
  private var exceptions = ProxyExceptions("")

  /// No proxy for any target.
  package static let none = ProxySettings()

  private init() {}

  /// - Parameters:
  ///   - option: the value of `--proxy`: for all targets, in place of the variables but `no_proxy`. Empty for no proxy at
  ///     all, nil for the variables.
  ///   - environment: the variables of the process.
  package init(option: String?, environment: [String: String]) {
    func value(_ names: String...) -> Choice? {
      for name in names {
        if let url = environment[name], !url.isEmpty { return Choice(url: url, source: name) }
      }
      return nil
    }
    exceptions = ProxyExceptions(value("no_proxy", "NO_PROXY")?.url ?? "")
    if let option {
      let choice = option.isEmpty ? nil : Choice(url: option, source: "--proxy")
      (http, https) = (choice, choice)
    } else {
      http = value("http_proxy", "all_proxy", "ALL_PROXY")
      https = value("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
    }
  }

  /// The proxy for an origin; nil when it is reached directly.
  /// - Throws: ``UploadError`` with code `badURL` when the proxy's URL is malformed or of a kind that is not supported.
  package func proxy(for origin: HTTPOrigin) throws(UploadError) -> ProxyServer? {
    guard let choice = origin.isSecure ? https : http, !exceptions.contains(origin.address) else { return nil }
    return try ProxyServer(choice.url, source: choice.source)
  }
}
