import TerminalUI
import UploadCore

/// The target in the send dialog: its field, the targets that are offered below it while it is typed, and their names.
extension SendSheet {
  /// The targets that are offered now: none unless the target is being typed.
  var shownOffers: [TargetField.Offer] { field == .target && naming == nil ? address.offers : [] }

  // MARK: Drawing

  func drawTarget(on surface: inout Surface) {
    let theme = surface.theme
    if let naming { return drawNaming(naming, on: &surface) }
    let isTyping = field == .target
    let label = labelWidth(surface)
    if label > 1 { surface.write("To", x: 1, y: 0, style: theme.dim) }
    if isTyping { drawMark(y: 0, on: &surface) }
    let start = label > 1 ? label + 2 : 1
    surface.within(Rect(x: start, y: 0, width: surface.width - start - 1, height: 1)) { surface in
      if isTyping, address.isUnedited {
        // As selected: typed text replaces it.
        address.field.draw(on: &surface, marking: 0..<TextField.limit, style: theme.selection)
      } else if isTyping {
        surface.draw(address.field, in: surface.bounds)
      }
      guard address.field.isEmpty || !isTyping else { return }
      var text = StyledText(address.shown, isTyping ? theme.dim : theme.text)
      if target == .ownServer {
        text.append(isTyping ? "  this server; type another address" : "  this server", theme.dim)
      }
      // Behind the cursor when there is one.
      let x = isTyping ? 1 : 0
      surface.write(text, x: x, y: 0, width: max(0, surface.width - x))
    }
  }

  /// Draws the name that is being typed, and behind it, where there is space, which target it is for.
  private func drawNaming(_ naming: TargetNaming, on surface: inout Surface) {
    let label = labelWidth(surface)
    if label > 1 { surface.write("Name", x: 1, y: 0, style: surface.theme.dim) }
    drawMark(y: 0, on: &surface)
    let start = label > 1 ? label + 2 : 1
    let url = StyledText("for \(naming.url)", surface.theme.dim)
    let room = surface.width - start - 1
    let urlWidth = room - 22 >= 12 ? min(url.columns, room - 22) : 0
    surface.draw(naming.field, in: Rect(x: start, y: 0, width: room - (urlWidth > 0 ? urlWidth + 2 : 0), height: 1))
    surface.write(url, x: start + room - urlWidth, y: 0, width: urlWidth)
  }

  /// Draws the offers in two columns, names and URLs; the chosen one is marked.
  func drawOffers(on surface: inout Surface) {
    let offers = shownOffers
    let label = labelWidth(surface)
    let start = label > 1 ? label + 2 : 1
    let names = offers.map(\.label.columns).max() ?? 0
    let room = max(0, surface.width - start - 1)
    let nameWidth = min(names, room / 3)
    let list = ItemList(
      count: offers.count,
      scroll: offerScroll(visible: surface.height),
      isFocused: address.choice != nil
    ) {
      index,
      _,
      surface in
      let offer = offers[index]
      let url = StyledText(offer.url(ownURL), surface.theme.dim)
      guard nameWidth >= 4 else {
        let text = offer.label.isEmpty ? url : StyledText(offer.label, surface.theme.text)
        return surface.write(text, x: start, y: 0, width: room)
      }
      surface.write(StyledText(offer.label, surface.theme.text), x: start, y: 0, width: nameWidth)
      surface.write(url, x: start + nameWidth + 2, y: 0, width: room - nameWidth - 2)
    }
    surface.draw(list, in: surface.bounds)
  }

  /// Where the offers are scrolled to: the chosen one is visible.
  func offerScroll(visible: Int) -> Scroll {
    var scroll = Scroll()
    scroll.select(address.choice ?? 0, count: shownOffers.count, visible: visible)
    return scroll
  }

  // MARK: Names

  /// Begins to type a name for the target, and has its address checked if that was not done yet.
  mutating func beginNaming() -> Outcome {
    if address.destination == .ownServer {
      message = "This server needs no name: leave the address empty to send to it."
    } else if TargetText.mayHaveSecret(address.url) {
      message = "Only an address without ? and # can have a name: a token may follow, which is never stored."
    } else if targetProblem != nil, target == checkedTarget {
      message = Self.invalidNaming
    } else if let url = TargetText.stored(address.url) {
      naming = TargetNaming(url: url, old: address.targets.name(of: url))
      message = "Type a name for this target; an empty one removes it."
    } else {
      message = "This address cannot have a name: it is too long, or not that of a server."
    }
    return naming != nil && target != checkedTarget ? check() : .stay([])
  }

  /// Why no name can be typed, beside what is wrong with the address.
  static let invalidNaming = "Only an address that can be sent to can have a name: correct it first."

  /// Gives the target the name that was typed, unless its address or the name is not valid: the message says so.
  mutating func acceptName() -> Outcome {
    guard let naming else { return .stay([]) }
    let name = String(naming.field.text.trimmingWhitespace)
    message = namingObstacle(name)
    guard message == nil else { return .stay([]) }
    self.naming = nil
    let before = name.isEmpty ? nil : address.targets[name: name]
    let change = TargetChange.named(naming.url, name.isEmpty ? nil : name)
    address.targets.apply(change)
    address.set(name.isEmpty ? naming.url : name)
    message = namedText(naming, name, before: before?.url == naming.url ? nil : before)
    let isNoChange = name.isEmpty && naming.old == nil
    let effects: [DashboardEffect] = isNoChange ? [] : [.saveTarget(change)]
    guard target != checkedTarget, case .stay(let checks) = check() else { return .stay(effects) }
    return .stay(effects + checks)
  }

  private func namingObstacle(_ name: String) -> String? {
    if isChecking || target != checkedTarget { return "Checking the address. Press Enter again." }
    if let targetProblem { return targetProblem }
    guard !name.isEmpty else { return nil }
    if let problem = TargetText.nameProblem(name) { return problem }
    let isNew = naming?.old == nil && address.targets[name: name] == nil
    return isNew && !address.targets.hasRoomForName
      ? "\(SavedTargets.mostNamed) targets have names, which is the most. Remove a name first." : nil
  }

  private func namedText(_ naming: TargetNaming, _ name: String, before: SavedTarget?) -> String {
    guard !name.isEmpty else {
      return naming.old.map { "\(naming.url) is not named \($0) any more." } ?? "\(naming.url) has no name."
    }
    return "\(naming.url) is now named \(name)." + (before.map { " Before, that was \($0.url)." } ?? "")
  }
}
