package import UploadCore

extension Uploader {
  /// Sends several sources, at most `jobs` of them at once, and starts them in the order given.
  ///
  /// One that fails does not hold up the others. When the task is cancelled, those that run and those that have not begun
  /// end with ``UploadOutcome/cancelled``.
  /// - Parameter jobs: uploads at once; less than 1 counts as 1.
  /// - Returns: the meters, in the order of `sources`.
  @discardableResult
  package func sendAll(
    _ sources: [UploadSource],
    to target: SendTarget,
    mode: UploadMode,
    jobs: Int
  ) async -> [UploadMeter] {
    await withTaskGroup(of: (Int, UploadMeter).self) { group in
      var meters = [UploadMeter?](repeating: nil, count: sources.count)
      for (index, source) in sources.enumerated() {
        if index >= max(1, jobs), let (done, meter) = await group.next() { meters[done] = meter }
        group.addTask { (index, await send(source, to: target, mode: mode)) }
      }
      for await (done, meter) in group { meters[done] = meter }
      return meters.compactMap { $0 }
    }
  }
}
