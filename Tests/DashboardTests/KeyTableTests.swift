import TerminalUI
import Testing

@testable import Dashboard

@Suite struct KeyTableTests {
  @Test func `a key means one thing in a place`() {
    for context in KeyContext.allCases {
      let keys = KeyTable.groups.filter { $0.context == context }.flatMap(\.bindings).flatMap(\.keys)
      #expect(Set(keys).count == keys.count, "\(context)")
    }
  }

  @Test func `what works everywhere means nothing else anywhere`() {
    let everywhere = KeyTable.groups.filter { $0.context == .program }.flatMap(\.bindings).flatMap(\.keys)
    var others = KeyTable.groups.filter { $0.context != .program }.flatMap(\.bindings).flatMap(\.keys)
    for context in PickerCommand.Context.allCases { others += PickerCommand.keys(context).flatMap(\.keys) }
    for binding in SheetCommand.keys + SheetCommand.typingKeys { others += binding.keys }
    #expect(Set(everywhere).isDisjoint(with: others))
  }

  @Test func `every row says what it does in the space the help has`() {
    for section in KeyTable.sections {
      #expect(!section.title.isEmpty && !section.rows.isEmpty)
      for row in section.rows {
        #expect(!row.help.isEmpty && !row.keys.isEmpty)
        #expect(row.help.columns <= HelpOverlay.columnWidth - HelpOverlay.keyColumns, "\(row.help)")
        #expect(row.label(.unicode).columns <= HelpOverlay.keyColumns - 2, "\(row.label(.unicode))")
      }
    }
  }

  @Test func `the table for the documentation has all rows`() {
    let lines = KeyTable.markdown().split(separator: "\n")
    let rows = KeyTable.sections.reduce(0) { $0 + $1.rows.count }
    #expect(lines.count == 2 + rows + KeyTable.sections.count)
    #expect(lines.contains("| `u` | choose files to send |"))
    #expect(lines.contains("| `↑` `k` | the upload above |"))
    #expect(lines.allSatisfy { $0.hasPrefix("|") && $0.hasSuffix("|") })
  }
}
