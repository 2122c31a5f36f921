package import UploadCore
import UploadProtocol

extension Uploader {
  /// Makes the sources of a run.
  /// - Parameters:
  ///   - skipsExisting: whether files that the server has already are left out, by its listings.
  ///   - isDry: whether nothing is changed at the server: empty directories are reported as made, and not made.
  ///   - group: the tree that the sources are sent as; nil for none.
  ///   - onEvent: called on any thread for each entry that is no file to send.
  /// - Throws: ``UploadError`` when the server does not list its files, and `skipsExisting` needs that.
  package func feed(
    _ arguments: [TreeArgument],
    rules: TreeRules,
    to target: SendTarget,
    skipsExisting: Bool,
    isDry: Bool = false,
    group: UploadGroup? = nil,
    onEvent: @escaping @Sendable (TreeFeed.Event) -> Void
  ) async throws(UploadError) -> TreeFeed {
    let request = ServerRequest(resources: resources, target: target)
    let existing = skipsExisting ? ExistingFiles(request) : nil
    var needsDigests = false
    if let existing {
      try await existing.checkAccess()
      needsDigests = await !existing.storage.keepsTimes
    }
    var rules = rules
    rules.checksAccess = isDry
    var making = request
    making.group = group
    return TreeFeed(
      TreeWalker(arguments, rules: rules),
      pool: resources.threadPool,
      maker: isDry ? nil : DirectoryMaker(making),
      existing: existing,
      needsDigests: needsDigests,
      group: group,
      onEvent: onEvent
    )
  }

  /// Counts the files of a run before it is sent.
  /// - Returns: nil when the task was cancelled before the end.
  package func count(
    _ arguments: [TreeArgument],
    rules: TreeRules,
    onProgress: @Sendable (TreeCount) -> Void
  ) async -> TreeCount? {
    await TreeCount.of(arguments, rules: rules, on: resources.threadPool, onProgress: onProgress)
  }
}
