/// How a child process ended.
enum ChildExit: Sendable, Equatable {
  case status(Int32)
  case signal(Int32)

  /// - Parameter waitStatus: as wait(2) lays it out: the signal in the lowest seven bits, else the status in the next byte.
  init(waitStatus: Int32) {
    self = waitStatus & 0x7F == 0 ? .status(waitStatus >> 8 & 0xFF) : .signal(waitStatus & 0x7F)
  }
}
