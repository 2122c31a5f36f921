import UploadStorage

/// Runs an actor on a thread of its own, so that one whose calls block, such as writes to a pipe that is not read, takes no
/// thread from the tasks of the process: there are only as many as cores. The thread ends after a while without work.
final class ThreadExecutor: SerialExecutor {
  private let worker = WorkerPool(threads: 1)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    worker.submit { [self] _ in job.runSynchronously(on: asUnownedSerialExecutor()) }
  }
}
