/// Waiting for whichever comes first.
enum Race {
  /// Returns when `work` has ended, or after `timeout`; `work` goes on then.
  static func wait(atMost timeout: Duration, for work: @escaping @Sendable () async -> Void) async {
    let (ends, end) = AsyncStream.makeStream(of: Void.self)
    Task.detached {
      await work()
      end.finish()
    }
    let timer = Task.detached {
      try? await Task.sleep(for: timeout)
      end.finish()
    }
    for await _ in ends {}
    timer.cancel()
  }
}
