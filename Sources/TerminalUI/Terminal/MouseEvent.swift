/// What the mouse did, and over which cell.
package struct MouseEvent: Hashable, Sendable {
  package enum Action: Hashable, Sendable {
    /// The left button was pressed.
    case press
    case scrollUp
    case scrollDown
  }

  package var action: Action
  package var position: Point

  package init(_ action: Action, at position: Point) {
    self.action = action
    self.position = position
  }
}
