/// A key, whatever is held down with it.
package enum Key: Hashable, Sendable {
  /// What it types, space included; capitals are characters of their own.
  case character(Character)
  case enter
  case tab
  case escape
  case backspace
  case delete
  case insert
  case up
  case down
  case left
  case right
  case home
  case end
  case pageUp
  case pageDown
  /// F1 and so on.
  case function(Int)
}
