import Logging
import NIOPosix
import UploadCore
import UploadStorage
import UploadStorageS3

/// The object store of a running server: checked when the server starts, swept every hour.
struct ObjectStoreRun: Sendable {
  /// The most requests at once that send parts, and the most short ones.
  private static let (transfers, shortRequests) = (64, 32)
  /// The most connections to the engine at once, besides those of downloads.
  static let connections = transfers + shortRequests
  /// The time for which the server waits, when it stops, until the parts of cancelled uploads are deleted.
  private static let cleaningTime = Duration.seconds(3)
  /// How often what dead servers have left is removed.
  private static let sweepInterval = Duration.seconds(3600)

  let store: S3Store
  private let sweeping: Task<Void, Never>

  /// Checks that the store can be used: writes and deletes objects of its own.
  /// - Parameters:
  ///   - directory: where parts are spooled.
  ///   - logger: gets warnings about what the engine does not support.
  /// - Throws: ``UploadError`` that says why not.
  init(
    _ settings: ObjectStoreSettings,
    onDuplicate: DuplicatePolicy,
    directory: UploadDirectory,
    budget: MemoryBudget,
    workers: WorkerPool,
    eventLoopGroup: MultiThreadedEventLoopGroup,
    logger: Logger
  ) async throws(UploadError) {
    var configuration = try settings.client(ProcessEnvironment.all)
    (configuration.transfers, configuration.shortRequests) = (Self.transfers, Self.shortRequests)
    let client = S3Client(configuration, eventLoopGroup: eventLoopGroup, threadPool: .singleton)
    let capabilities: S3Capabilities
    do throws(S3Failure) {
      capabilities = try await client.probe(prefix: ObjectNaming(prefix: settings.location.prefix).probe)
    } catch {
      let place = PlainText.sanitized(settings.location.description)
      throw UploadError(.storeUnavailable, "The store \(place) cannot be used: \(error.message)", cause: error)
    }
    if !capabilities.conditionalPut {
      logger.warning(
        "The object store does not support conditional writes. Use it with one server: uploads of several may replace each other."
      )
    }
    let store = S3Store(
      client,
      capabilities: capabilities,
      directory: directory,
      budget: budget,
      workers: workers,
      eventLoopGroup: eventLoopGroup,
      configuration: S3StoreConfiguration(
        prefix: settings.location.prefix,
        onDuplicate: onDuplicate,
        partSize: settings.partSize,
        downloads: settings.downloads
      )
    )
    self.store = store
    sweeping = Task {
      repeat {
        do throws(UploadError) {
          let count = try await store.sweep()
          if count > 0 { logger.notice("removed uploads of servers that have died", metadata: ["count": "\(count)"]) }
        } catch {
          // The server stops: the next one sweeps.
          guard !Task.isCancelled else { return }
          logger.warning("Left-overs in the object store were not removed: \(error.message)")
        }
      } while (try? await Task.sleep(for: Self.sweepInterval)) != nil
    }
  }

  /// Stops sweeping, and waits a short time until the parts of cancelled uploads are deleted.
  func shutDown() async {
    sweeping.cancel()
    await store.finishCleaning(within: Self.cleaningTime)
  }
}
