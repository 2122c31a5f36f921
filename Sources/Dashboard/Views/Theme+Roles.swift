import TerminalUI
import UploadCore

extension Theme {
  /// What a state's word is written in. It is never the colour alone that tells.
  func style(of state: UploadState) -> Style {
    switch state {
    case .receiving, .sending: text
    case .waiting, .limited, .cancelled: dim
    case .finishing: accent
    case .stalled, .waitingForMemory: warning
    case .done: good
    case .failed: bad
    }
  }

  /// What the word of a line in the event log is written in.
  func style(of kind: LogEntry.Kind) -> Style {
    switch kind {
    case .started, .resumed: accent
    case .stalled, .waiting, .rejected, .note(.warning): warning
    case .finished: good
    case .failed, .note(.error): bad
    case .cancelled, .note(.info): dim
    }
  }
}
