import UploadCore

extension ExchangeFailure {
  /// What is needed to put a failure into words.
  struct Circumstances {
    /// `host:port` of the server.
    var server: String
    /// Bytes of content that the socket took.
    var taken: UInt64
    /// Bytes of content in all; nil when unknown.
    var size: UInt64?
    var idleTimeout: Duration
    var answerTimeout: Duration
    /// What the network layer said.
    var cause: (any Error)?
  }

  /// The failure as everybody else knows it.
  func error(_ circumstances: Circumstances) -> UploadError {
    let server = circumstances.server
    let progress = circumstances.progress
    switch self {
    case .connectionLost:
      return UploadError(
        .connectionLost,
        "\(server) closed the connection after \(progress) and did not say why. Look at the server's log, then send again.",
        cause: circumstances.cause
      )
    case .answerCut(let status):
      return UploadError(
        .connectionLost,
        "\(server) began to answer HTTP \(status) and closed the connection in the middle of it. "
          + "The file may be there; look before sending it again.",
        cause: circumstances.cause
      )
    case .earlySuccess(let status):
      return UploadError(
        .badAnswer,
        "\(server) answered HTTP \(status) after \(progress) and would not take the rest. "
          + "It may have stored what it got; look there, and check that this address takes uploads.",
        cause: circumstances.cause
      )
    case .badAnswer:
      return UploadError(
        .badAnswer,
        "What \(server) answered is not HTTP. Check the port, and whether the server expects https.",
        cause: circumstances.cause
      )
    case .serverTakesNothing:
      return UploadError(
        .timedOut,
        "\(server) took no byte for \(Self.seconds(circumstances.idleTimeout)), after \(progress). "
          + "Check the server and the network, then send again."
      )
    case .serverSaysNothing:
      return UploadError(
        .timedOut,
        "\(server) has everything but did not answer within \(Self.seconds(circumstances.answerTimeout)). "
          + "The file may be there; look before sending it again."
      )
    }
  }

  private static func seconds(_ duration: Duration) -> String {
    duration.components.attoseconds == 0 ? "\(duration.components.seconds) s" : "\(duration.inSeconds) s"
  }
}

extension ExchangeFailure.Circumstances {
  /// `3.0 MiB of 1.9 GiB`.
  var progress: String {
    guard let size else { return "\(ByteSize.text(taken))" }
    return "\(ByteSize.text(taken)) of \(ByteSize.text(size))"
  }
}
