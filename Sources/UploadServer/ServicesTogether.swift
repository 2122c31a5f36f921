import ServiceLifecycle

/// Runs services side by side, so that all of them hear at once that they are to stop. In a group of the library's the
/// one before would go on taking uploads until the one behind it has ended.
struct ServicesTogether: Service {
  let services: [any Service]

  /// Ends when all have ended, or with the first error; then the others are cancelled.
  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for service in services {
        group.addTask { try await service.run() }
      }
      for try await _ in group {}
    }
  }
}
