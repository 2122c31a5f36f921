import TerminalUI
import Testing
import UploadCore

@testable import Dashboard

/// Messages in dialogs are complete on a screen of any size.
struct DialogTextTests {
  private static let sizes = [
    (1, 4), (5, 3), (8, 3), (8, 5), (20, 5), (24, 6), (39, 7), (40, 8), (60, 16), (80, 24), (200, 50),
  ]
  .map { Size(width: $0.0, height: $0.1) }

  private static let name = "holiday " + String(repeating: "very-long-", count: 20) + "name from Norway 2026.mp4"

  private static let questions: [Question] = [
    .cancel(UploadID(), name: name, direction: .incoming), .cancel(UploadID(), name: name, direction: .outgoing),
    .cancelTree(UploadID(), name: name, direction: .incoming),
    .cancelTree(UploadID(), name: name, direction: .outgoing),
    .quit(running: 3, isQuitting: false),
  ]

  private func frame(_ size: Size, _ draw: (inout Surface) -> Void) -> Surface {
    var surface = Surface(size: size, theme: Theme(.dark, tier: .colors256), glyphs: .unicode)
    draw(&surface)
    return surface
  }

  @Test(arguments: sizes, questions.indices)
  func `a question can be read to its end, and always shows its keys`(size: Size, index: Int) {
    let question = Self.questions[index]
    let context: KeyContext = if case .quit = question { .quitting } else { .question }
    let hints = KeyTable.bindings(in: context).compactMap { KeyHint($0, .unicode) }
    let keys = ConfirmOverlay.keyRows(question, room: Overlay.room(on: size))
    let text = ConfirmOverlay.text(question, in: size)
    let last = text.clamped(.max / 2)
    // With space for one row, the keys are the first row of the text.
    let isLow = Overlay.room(on: size).height == 1
    let whole = DialogReader.wholeText(below: isLow ? 0 : keys) { position in
      let offset = position + (isLow ? 1 : 0)
      guard offset <= last else { return nil }
      return frame(size) { ConfirmOverlay(question: question, hints: hints, offset: offset).draw(on: &$0) }
    }
    #expect(whole == DialogReader.compact(question.lines.joined()), "\(size)")
    let first = frame(size) { ConfirmOverlay(question: question, hints: hints).draw(on: &$0) }
    #expect(DialogReader.rows(first).dropLast(keys - 1).last?.hasPrefix("y") == true || size.width < 5, "\(first.text)")
  }

  @Test func `Down and Up scroll a question, at most to its ends, and the next one begins at the top`() {
    var driver = Driver(Size(width: 30, height: 8))
    driver.show([.example(Self.name)])
    driver.send(.input(.key(KeyEvent("x"))))
    let top = driver.model.render().text
    for _ in 0..<100 { driver.send(.input(.key(KeyEvent(.down)))) }
    let end = driver.model.render().text
    #expect(end != top && end.contains("discarded"), "\(end)")
    driver.send(.input(.key(KeyEvent("n"))))
    driver.send(.input(.key(KeyEvent("x"))))
    #expect(driver.model.render().text == top)
    driver.send(.input(.key(KeyEvent(.up))))
    #expect(driver.model.render().text == top)
  }

  @Test(arguments: sizes) func `why there is no QR code, and the link, can be read to the end`(size: Size) {
    let link = "http://192.168.1.7:8080/#t=" + String(repeating: "K3xv", count: 800)
    let overlay = LinkOverlay(link: link, position: 1, count: 2, hints: [])
    let text = overlay.text(in: size, .unicode)
    let last = text.clamped(.max / 2)
    let whole = DialogReader.wholeText { position in
      guard position <= last else { return nil }
      return frame(size) { LinkOverlay(link: link, position: 1, count: 2, hints: [], offset: position).draw(on: &$0) }
    }
    #expect(whole == DialogReader.compact("The link is too long for a QR code.\(link)"), "\(size)")
  }

  @Test(arguments: sizes) func `a long message of the send dialog is shown alone where it does not fit, and scrolls`(
    size: Size
  ) {
    var script = SheetScript(["/home/ann/notes.txt"], width: size.width, height: size.height)
    let problem =
      "\"http://h:x/" + String(repeating: "long", count: 60) + "\" has no port between 1 and 65535 after its host."
    script.targetProblems["x"] = problem
    script.press(KeyEvent("t"))
    script.type("x")
    script.press(KeyEvent(.enter))
    script.press(KeyEvent(.enter))
    #expect(script.outcome == .stay([]))
    guard script.sheet.readOffset != nil else {
      // It fits into the dialog.
      #expect(DialogReader.rows(script.frame()).joined().contains(DialogReader.compact(problem)), "\(script.text)")
      return
    }
    let last = script.sheet.messageText(in: size).clamped(.max / 2)
    let whole = DialogReader.wholeText { position in
      guard position <= last else { return nil }
      if position > 0 { script.press(KeyEvent(.down)) }
      return script.frame()
    }
    #expect(whole == DialogReader.compact(problem), "\(size)")
    script.press(KeyEvent(.escape))
    #expect(script.sheet.readOffset == nil && script.outcome == .stay([]))
  }

  @Test(arguments: sizes) func `the problem of a file that does not fit is shown by Space`(size: Size) {
    var script = SheetScript(["/home/ann/gone.txt", "/home/ann/notes.txt"], width: size.width, height: size.height)
    let reason = "it is not there, or the server of the network file system has not responded for a whole minute"
    script.files["/home/ann/gone.txt"] = .init(path: "/home/ann/gone.txt", problem: reason)
    _ = script.sheet.check()
    script.respond(.check(paths: script.sheet.paths, target: .ownServer))
    if script.sheet.showsWholeStatus(in: size) {
      #expect(DialogReader.rows(script.frame()).joined().contains(DialogReader.compact(reason)), "\(script.text)")
    }
    script.press(KeyEvent(" "))
    let last = script.sheet.messageText(in: size).clamped(.max / 2)
    let whole = DialogReader.wholeText { position in
      guard position <= last else { return nil }
      if position > 0 { script.press(KeyEvent("j")) }
      return script.frame()
    }
    #expect(whole == DialogReader.compact("gone.txt: \(reason)"), "\(size)")
  }

  @Test func `a message of the file picker is wrapped`() {
    var script = PickerScript("~")
    script.size = Size(width: 44, height: 12)
    script.press(KeyEvent(":"), KeyEvent("u", .control))
    script.type("/home/ann/there-is-no-file-of-this-very-long-name-in-the-directory")
    script.press(KeyEvent(.enter))
    let rows = DialogReader.rows(script.frame(.unicode)).joined()
    #expect(rows.contains("there-is-no-file-of-this-very-long-name-in-the-directory"), "\(script.frame(.unicode).text)")
    #expect(rows.contains(DialogReader.compact("in ~")) || rows.contains("/home/ann"), "\(rows)")
  }
}
