/// What does not change while the dashboard runs.
package struct DashboardFacts: Hashable, Sendable {
  /// Where uploads can be sent to: `http://127.0.0.1:8080`.
  package var url: String
  /// Where plain TCP is taken; nil when it is not.
  package var rawPort: Int?
  /// Where uploads are stored.
  package var directory: String
  /// Where the picker begins when it has no place remembered; absolute.
  package var workingDirectory: String
  /// What `~` stands for.
  package var home: String
  /// Whether clients must present a token.
  package var asksForToken = false
  /// The token that the server made, which only it can tell; nil when it asks for none, or for one that the user gave.
  package var madeToken: String?
  /// The SHA-256 of the server's certificate, 64 hexadecimal digits; nil without TLS.
  package var fingerprint: String?
  /// A warning that must stay in view, such as uploads without a token; nil when there is none.
  package var warning: String?
  /// How many files may be queued to be sent.
  package var lineLimit = Int.max

  package init(url: String, directory: String, workingDirectory: String, home: String) {
    self.url = url
    self.directory = directory
    self.workingDirectory = workingDirectory
    self.home = home
  }
}

extension DashboardFacts {
  /// The command to upload a file here; the second part may go on a line of its own.
  var uploadCommand: (curl: String, rest: String) {
    // curl cannot compare the fingerprint of a self-signed certificate.
    let trust = fingerprint == nil ? "" : " -k"
    let token = asksForToken ? " -u :\(madeToken ?? "TOKEN")" : ""
    return ("curl\(trust)\(token)", "-T FILE \(url)/")
  }

  /// The address for a browser, with the token where the server made one.
  var sharedURL: String {
    madeToken.map { "\(url)/?token=\($0)" } ?? url
  }

  /// What clients need to know to trust the server and to be let in, a note for each.
  var notes: [String] {
    var notes: [String] = []
    if let madeToken { notes.append("token: \(madeToken)") }
    if let fingerprint { notes.append("certificate SHA-256 \(fingerprint)") }
    return notes
  }
}
