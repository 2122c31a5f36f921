import CLinux
import Glibc
import NIOPosix
import Synchronization

/// The stop of the dashboard, which its loop begins, or ``UnreadTerminal`` while the loop is blocked. Safe on any thread.
final class DashboardStop: Sendable {
  enum Stage: Equatable {
    case none
    case begun(lettingFinish: Bool)
    /// The engine has stopped, and the settings are written; or neither is waited for.
    case complete
  }

  private let state = Mutex(Stage.none)
  private let perform: @Sendable (Bool) async -> Void
  /// Readable since the stop has begun.
  let descriptor = clinux_event_descriptor()

  /// - Parameter perform: stops the engine, with false without letting uploads finish, and returns when it has stopped.
  init(_ perform: @escaping @Sendable (_ lettingFinish: Bool) async -> Void) { self.perform = perform }

  deinit { close(descriptor) }

  var stage: Stage { state.withLock { $0 } }

  /// Begins the stop, or turns a graceful one into an immediate one; otherwise has no effect.
  func begin(lettingFinish: Bool) {
    let begins = state.withLock { stage in
      guard stage == .none || (stage == .begun(lettingFinish: true) && !lettingFinish) else { return false }
      stage = .begun(lettingFinish: lettingFinish)
      return true
    }
    guard begins else { return }
    clinux_raise_event(descriptor)
    Task.detached { [self] in
      await perform(lettingFinish)
      complete()
    }
  }

  /// Notes that everything has stopped, or is not waited for any longer.
  func complete() {
    state.withLock { $0 = .complete }
    clinux_raise_event(descriptor)
  }
}

/// Handles signals while the main thread is blocked because the terminal accepts no output: a stalled connection, a
/// terminal that was suspended. Has no effect as long as the main thread handles them itself.
///
/// A thread of its own observes the descriptor of the signals. When one is pending and the main thread does not return to its
/// loop for half a second, the thread handles the signal. When everything has stopped and the main thread is still blocked
/// after two seconds, or a signal asks for an immediate exit, it ends the process.
final class UnreadTerminal: Sendable {
  private static let step = useconds_t(100_000)
  /// Steps with a pending signal until it is handled here.
  private static let stepsUntilHandled = 5
  /// Steps from the end of the stop until the process is ended.
  private static let stepsUntilExit = 20

  /// Even while the main thread waits in its loop, odd while it works.
  private let turn = Atomic<UInt64>(1)
  private let stop: DashboardStop
  private let thread = NIOThreadPool(numberOfThreads: 1)

  init(_ stop: DashboardStop) { self.stop = stop }

  /// The main thread begins or ends a wait in its loop.
  func noteTurn() { turn.add(1, ordering: .relaxed) }

  /// Starts the thread, which runs until the process ends.
  /// - Parameters:
  ///   - signals: the descriptor from which the main thread reads its signals; blocked in this thread.
  ///   - isBusy: whether uploads run.
  ///   - forward: has the main thread handle a signal once it is not blocked.
  ///   - exit: ends the process without waiting for the terminal.
  func observe(
    _ signals: Int32,
    isBusy: @escaping @Sendable () -> Bool,
    forward: @escaping @Sendable (DashboardSignal) -> Void,
    exit: @escaping @Sendable () -> Never
  ) {
    thread.start()
    thread.submit { [self] _ in
      var meanings = UnreadTerminalSignals()
      var (last, pendingSteps, stoppedSteps) = (UInt64(0), 0, 0)
      while true {
        // The stop's descriptor remains readable: from then on this returns at once.
        waitUntilReadable(signals, stop.descriptor)
        usleep(Self.step)
        let current = turn.load(ordering: .relaxed)
        let isBlocked = current % 2 == 1 && current == last
        last = current
        pendingSteps = isBlocked && Self.isReadable(signals) ? pendingSteps + 1 : 0
        stoppedSteps = isBlocked && stop.stage == .complete ? stoppedSteps + 1 : 0
        if stoppedSteps >= Self.stepsUntilExit { exit() }
        guard pendingSteps >= Self.stepsUntilHandled else { continue }
        while let signal = DashboardSignal.next(from: signals) {
          switch meanings.handle(signal, stop.stage, isBusy: isBusy()) {
          case .forward: forward(signal)
          case .stop(let lettingFinish):
            stop.begin(lettingFinish: lettingFinish)
            // Its loop must know that it stops.
            forward(signal)
          case .exit: exit()
          }
        }
      }
    }
  }

  private static func isReadable(_ descriptor: Int32) -> Bool {
    var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&polled, 1, 0) > 0
  }
}

/// The meaning of signals while no dialog can be shown. A pure state machine.
struct UnreadTerminalSignals {
  enum Meaning: Equatable {
    /// The main thread handles it, if it ever continues.
    case forward
    case stop(lettingFinish: Bool)
    /// Exit now, without waiting for the stop.
    case exit
  }

  /// Whether SIGINT has been received while uploads ran: its dialog is not visible, so that another one is the confirmation.
  private var wasInterrupted = false

  /// - Parameters:
  ///   - stage: of the stop.
  ///   - isBusy: whether uploads run.
  mutating func handle(_ signal: DashboardSignal, _ stage: DashboardStop.Stage, isBusy: Bool) -> Meaning {
    switch signal {
    case .windowChange, .stop, .resume: return .forward
    case .quit: return .exit
    case .hangUp: return .stop(lettingFinish: false)
    case .terminate: return stage == .none ? .stop(lettingFinish: true) : .exit
    case .interrupt:
      guard stage == .none else { return .exit }
      defer { wasInterrupted = true }
      return wasInterrupted || !isBusy ? .stop(lettingFinish: false) : .forward
    }
  }
}
