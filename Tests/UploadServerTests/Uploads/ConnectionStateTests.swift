import Testing

@testable import UploadServer

@Suite struct ConnectionStateTests {
  private typealias Part = ConnectionState.Part
  private typealias Verdict = ConnectionState.Verdict

  /// The phases of a connection, reached as a connection reaches them.
  enum Phase: CaseIterable {
    case idle, passing, passingEnded, passingAnswered, receiving, storing, skipping, lingering

    var state: ConnectionState {
      var state = ConnectionState()
      guard self != .idle else { return state }
      #expect(state.receive(.head) == .route)
      switch self {
      case .idle: break
      case .passing, .passingEnded, .passingAnswered:
        state.pass()
        if self == .passingEnded { #expect(state.receive(.end) == .forward) }
        if self == .passingAnswered { state.libraryAnswered() }
      case .receiving: state.beginUpload()
      case .storing:
        state.beginUpload()
        #expect(state.receive(.end) == .endBody)
      case .skipping: #expect(state.answer(keepAlive: true, remaining: 1) == .keep)
      case .lingering: #expect(state.answer(keepAlive: false, remaining: 1) == .linger)
      }
      return state
    }

    var isPassing: Bool { [.passing, .passingEnded, .passingAnswered].contains(self) }
  }

  @Test(arguments: Phase.allCases)
  func `Each phase says what it is`(phase: Phase) {
    let state = phase.state
    #expect(state.isIdle == (phase == .idle))
    #expect(state.isPassing == phase.isPassing)
    #expect(state.isReceiving == (phase == .receiving))
    #expect(state.isStoring == (phase == .storing))
    #expect(state.isSkipping == (phase == .skipping))
    #expect(state.isLingering == (phase == .lingering))
  }

  @Test(arguments: Phase.allCases)
  func `Only a new request waits, and only while one is being answered`(phase: Phase) {
    let state = phase.state
    #expect(state.mustWait(.head) == (phase != .idle && phase != .lingering))
    #expect(!state.mustWait(.body(1)))
    #expect(!state.mustWait(.end))
  }

  @Test(arguments: [
    (Phase.idle, Verdict.route, Verdict.drop, Verdict.drop), (.passing, .forward, .forward, .forward),
    (.passingEnded, .forward, .forward, .forward), (.passingAnswered, .forward, .forward, .forward),
    (.receiving, .deliver, .deliver, .endBody), (.storing, .drop, .drop, .drop), (.skipping, .drop, .drop, .drop),
    (.lingering, .drop, .drop, .discarded),
  ])
  private func `Every part in every phase has its verdict`(phase: Phase, head: Verdict, body: Verdict, end: Verdict) {
    for (part, verdict) in [(Part.head, head), (.body(10), body), (.end, end)] {
      var state = phase.state
      #expect(state.receive(part) == verdict, "\(part)")
    }
  }

  @Test func `The library's request is over once it has ended and is answered, in either order`() {
    var state = Phase.passing.state
    #expect(state.receive(.end) == .forward)
    #expect(state.isPassing)
    state.libraryAnswered()
    #expect(state.isIdle)

    state = Phase.passing.state
    state.libraryAnswered()
    #expect(state.isPassing)
    #expect(state.receive(.body(1)) == .forward)
    #expect(state.receive(.end) == .forward)
    #expect(state.isIdle)
  }

  @Test(arguments: Phase.allCases.filter { !$0.isPassing })
  func `The library's answer changes nothing that is not its own`(phase: Phase) {
    var state = phase.state
    state.libraryAnswered()
    #expect(state.isIdle == (phase == .idle))
    #expect(state.isReceiving == (phase == .receiving))
    #expect(state.isStoring == (phase == .storing))
    #expect(state.isLingering == (phase == .lingering))
  }

  @Test func `A stored upload keeps the connection when both want it`() {
    var state = Phase.storing.state
    #expect(state.answer(keepAlive: true, remaining: 0) == .keep)
    #expect(state.isIdle)
    state = Phase.storing.state
    #expect(state.answer(keepAlive: false, remaining: 0) == .linger)
    #expect(state.isLingering)
  }

  @Test(
    arguments: [Phase.idle, .receiving],
    [
      (true, 0 as UInt64?, true), (true, 1, true), (true, ConnectionState.skipLimit, true),
      (true, ConnectionState.skipLimit + 1, false), (true, .max, false), (true, nil, false), (false, 0, false),
      (false, 1, false), (false, nil, false),
    ]
  )
  func `A refused body is skipped when little of it is left, else the connection ends`(
    phase: Phase,
    given: (keepAlive: Bool, remaining: UInt64?, skips: Bool)
  ) {
    var state = phase.state
    #expect(state.answer(keepAlive: given.keepAlive, remaining: given.remaining) == (given.skips ? .keep : .linger))
    #expect(state.isSkipping == given.skips)
    #expect(state.isLingering == !given.skips)
  }

  @Test func `After the rest is skipped the next request comes`() {
    var state = Phase.skipping.state
    #expect(state.receive(.body(5)) == .drop)
    #expect(state.receive(.end) == .drop)
    #expect(state.isIdle)
    #expect(state.receive(.head) == .route)
  }

  @Test func `After the final response everything is discarded`() {
    var state = Phase.lingering.state
    #expect(state.receive(.body(1 << 40)) == .drop)
    #expect(state.receive(.end) == .discarded)
    #expect(state.receive(.head) == .drop)
    #expect(state.receive(.body(1)) == .drop)
    #expect(state.isLingering)
  }

  @Test func `Requests follow one another, whoever answers them`() {
    var state = ConnectionState()
    for round in 0..<3 {
      #expect(state.receive(.head) == .route)
      if round == 1 {
        state.pass()
        #expect(state.receive(.end) == .forward)
        state.libraryAnswered()
      } else {
        state.beginUpload()
        #expect(state.receive(.body(1)) == .deliver)
        #expect(state.receive(.end) == .endBody)
        #expect(state.answer(keepAlive: true, remaining: 0) == .keep)
      }
      #expect(state.isIdle)
    }
  }
}
