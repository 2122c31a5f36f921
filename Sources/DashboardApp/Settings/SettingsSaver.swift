import Dashboard
import UploadCore

/// Writes settings beside its caller, one after the other; of those that come while it writes, the last.
struct SettingsSaver: Sendable {
  private let settings: AsyncStream<DashboardSettings>.Continuation
  private let writing: Task<Void, Never>

  /// - Parameter onFailure: hears why settings cannot be written; the same reason once.
  init(_ file: SettingsFile, onFailure: @escaping @Sendable (String) -> Void) {
    let (stream, continuation) = AsyncStream.makeStream(
      of: DashboardSettings.self,
      bufferingPolicy: .bufferingNewest(1)
    )
    settings = continuation
    writing = Task.detached {
      var lastFailure: String?
      for await settings in stream {
        do throws(UploadError) {
          try file.save(settings)
          lastFailure = nil
        } catch {
          if error.message != lastFailure { onFailure(error.message) }
          lastFailure = error.message
        }
      }
    }
  }

  /// Nothing here waits.
  func save(_ settings: DashboardSettings) {
    self.settings.yield(settings)
  }

  /// Returns when all is written; nothing more is taken.
  func finish() async {
    settings.finish()
    await writing.value
  }
}
