package import TerminalUI
package import UploadCore

/// Preferences of the user, which are stored from one run to the next.
package struct DashboardSettings: Hashable, Sendable {
  package var theme = ThemeName.dark
  package var bar = BarStyle.block
  package var sort = UploadSort.started
  package var density = RowDensity.automatic
  /// How the next file is sent: stream, multipart or buffered.
  package var mode = UploadMode.stream
  /// Snapshots per second: one of ``refreshRates``.
  package var refreshRate = 5
  /// The directory that the file picker showed last, absolute; nil before its first use.
  package var directory: String?

  /// The rates that `+` and `-` step through, in snapshots per second, lowest first.
  package static let refreshRates = [1, 2, 5, 10]

  package init() {}
}

/// How many rows of the screen a running upload takes. Queued and ended ones always take one.
package enum RowDensity: String, Sendable, CaseIterable {
  /// As many, up to three, as fit all running uploads of the pane; one where they do not fit.
  case automatic = "auto"
  case one = "1"
  case two = "2"
  case three = "3"

  /// The rows that the user chose; nil for as many as fit.
  var rows: Int? {
    switch self {
    case .automatic: nil
    case .one: 1
    case .two: 2
    case .three: 3
    }
  }

  /// The density as text for a note: `2 rows for each upload`.
  var text: String {
    switch self {
    case .automatic: "as many rows for each upload as fit"
    case .one: "1 row for each upload"
    case .two: "2 rows for each upload"
    case .three: "3 rows for each upload"
    }
  }
}

/// What the dashboard knows of its server and its process. None of it changes while the dashboard runs.
package struct DashboardFacts: Hashable, Sendable {
  /// The URL of the server in this process, without a slash at its end: `http://127.0.0.1:8080`.
  package var url: String
  /// The links that open the upload page in a browser, one for each address, the best first; with the access token after
  /// `#t=`, also one that the user chose. At least one.
  package var links: [String]
  /// The port for raw TCP uploads; nil when they are off.
  package var rawPort: Int?
  /// The directory in which the server stores uploads, for display only.
  package var directory: String
  /// The directory in which the file picker opens when the settings have none; absolute.
  package var workingDirectory: String
  /// The home directory, which `~` stands for; absolute.
  package var home: String
  /// Whether clients must present a token.
  package var requiresToken = false
  /// The token that the server generated; nil when it asks for none, or for one that the user chose.
  package var generatedToken: String?
  /// The token of a drop box's owner that the server generated; nil for no drop box, and for one that the user chose.
  package var generatedOwnerToken: String?
  /// SHA-256 of the server's certificate, 64 hexadecimal digits; nil without TLS.
  package var fingerprint: String?
  /// A warning that is always visible, such as uploads without a token; nil when there is none.
  package var warning: String?
  /// The URL that files are sent to at first, valid and with its scheme; nil for the server in this process.
  package var target: String?
  /// The server's limit on the rate of all incoming uploads together, in bytes per second; nil for none.
  package var rateLimit: UInt64?
  /// The same for each of them; a form is one.
  package var rateLimitPerUpload: UInt64?
  /// The most files that may be queued for sending at a time.
  package var queueLimit = Int.max
  /// How the user is told that all uploads are done or that one has failed.
  package var notification = NotificationMode.none

  package init(url: String, directory: String, workingDirectory: String, home: String) {
    (self.url, self.directory, self.workingDirectory, self.home) = (url, directory, workingDirectory, home)
    links = ["\(url)/"]
  }

  /// The curl command that uploads a file to this server, in two parts that may be shown on two rows. `FILE` stands for
  /// the file, and `TOKEN` for a token that the user chose; a generated token is part of the command.
  var uploadCommand: (curl: String, rest: String) {
    // curl cannot compare the fingerprint of a self-signed certificate.
    let trust = fingerprint == nil ? "" : " -k"
    let token = requiresToken ? " -u :\(generatedToken ?? "TOKEN")" : ""
    return ("curl\(trust)\(token)", "-T FILE \(url)/")
  }

  /// The first of ``links``, with the token when the server generated one; one that the user chose is left out, because
  /// the screen shows this all the time.
  var shownLink: String {
    let link = links.first ?? url
    return generatedToken == nil ? String(link.prefix { $0 != "#" }) : link
  }

  /// The generated tokens and the certificate's fingerprint, a note for each that exists: clients need them.
  var notes: [String] {
    [
      generatedToken.map { "token: \($0)" }, generatedOwnerToken.map { "owner's token: \($0)" },
      fingerprint.map { "certificate SHA-256 \($0)" },
    ].compactMap { $0 }
  }
}
