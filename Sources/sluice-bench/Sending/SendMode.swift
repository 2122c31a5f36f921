/// How a file goes out.
enum SendMode: String, CaseIterable {
  /// As the body, by `sendfile`.
  case stream
  /// In a form, by `sendfile`.
  case multipart
  /// In a form that is read into memory first, as many programs do.
  case buffered
}
