import UploadCore

extension UploadSnapshot {
  /// What the upload is doing, always in words: `receiving`, `stalled: client 12 s`, `failed: disk full`.
  var stateWords: String {
    switch state {
    case .waiting:
      if let retryIn {
        "attempt \(attempt) in \(Figures.span(retryIn.rounded(.up)))"
      } else {
        retryReason == nil ? state.rawValue : "waiting to try again"
      }
    case .receiving, .sending, .limited, .finishing, .done, .cancelled: state.rawValue
    case .waitingForMemory: "waiting for memory"
    case .stalled: "stalled: \(cause?.rawValue ?? "unknown") \(Figures.span(stalledSeconds))"
    case .failed: failure.map { "failed: \($0.code.words)" } ?? "failed"
    }
  }

  /// The rate worth showing beside the state: that of now while it moves, that of the whole when it is over.
  var shownRate: Double? {
    switch state {
    case .receiving, .sending, .limited: speed
    case .done: averageSpeed
    case .waiting, .waitingForMemory, .stalled, .finishing, .failed, .cancelled: nil
    }
  }

  /// The time left while that can be said, the time taken once it is over.
  var shownTime: String {
    outcome == nil ? eta.map(Figures.clock) ?? "" : Figures.clock(seconds)
  }

  var failure: UploadError? {
    if case .failed(let error) = outcome { error } else { nil }
  }

  var finishedFile: FinishedUpload? {
    if case .finished(let file) = outcome { file } else { nil }
  }

  /// The part of the bytes that is on its way to be safe, and the part that is with the store; nil without a length.
  var barParts: (received: Double, stored: Double)? {
    if state == .done { return (1, 1) }
    guard let size, let fraction else { return nil }
    guard size > 0 else { return (0, 0) }
    return (fraction, min(1, Double(stored ?? 0) / Double(size)))
  }
}

extension UploadError.Code {
  /// The code as people write it: `connectionRefused` is `connection refused`.
  var words: String {
    rawValue.reduce(into: "") { words, letter in
      words += letter.isUppercase ? " " + letter.lowercased() : String(letter)
    }
  }
}

extension UploadDirection {
  /// Which way the bytes go, in one character.
  func arrow(_ isUnicode: Bool) -> String {
    switch self {
    case .incoming: isUnicode ? "↓" : "v"
    case .outgoing: isUnicode ? "↑" : "^"
    }
  }
}
