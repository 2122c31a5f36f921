import UploadCore

extension StallCause {
  /// Who is waited for, in words that follow "waiting for".
  var words: String {
    switch self {
    case .client: "the client"
    case .server: "the server"
    case .input: "its input"
    case .disk: "the disk"
    case .memory: "memory"
    case .limit: "the rate limit"
    }
  }
}
