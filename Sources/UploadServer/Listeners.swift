import ServiceLifecycle

/// Several listeners that run, and stop, together. A group of services would stop one after the other, so that the second
/// went on taking uploads for as long as one of the first still ran.
struct Listeners: Service {
  let all: [any Service]

  /// Runs until all have ended; the first that fails ends the others.
  func run() async throws {
    try await withThrowingDiscardingTaskGroup { group in
      for listener in all { group.addTask { try await listener.run() } }
    }
  }
}
