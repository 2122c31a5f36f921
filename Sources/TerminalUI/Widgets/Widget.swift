/// Something that draws itself into whatever region it is given, of any size.
package protocol Widget {
  /// Draws into the region of `surface`, whose upper left corner is 0, 0.
  func draw(on surface: inout Surface)
}
