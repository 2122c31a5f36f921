/// What the window's entry in the taskbar shows.
package enum TaskbarProgress: Hashable, Sendable {
  case none
  /// 0 to 1.
  case part(Double)
  case busy
  case error
}
