/// Writes files of ``DiskSource``'s bytes into one directory.
protocol FileWriter {
  /// Writes a file of `size` bytes and waits until it is synced.
  /// - Throws: ``UploadError``.
  func write(size: Int, name: String) throws
}
