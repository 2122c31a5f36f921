import TerminalUI
import Testing

@testable import Dashboard

@Suite struct KeyTableTests {
  @Test func `no key has two commands in one context of the dashboard`() {
    for context in KeyContext.allCases {
      let keys = KeyTable.groups.filter { $0.context == context }.flatMap(\.bindings).flatMap(\.keys)
      #expect(Set(keys).count == keys.count, "\(context)")
    }
  }

  @Test func `a key that works everywhere has no other command, also in picker and send dialog`() {
    let everywhere = KeyTable.groups.filter { $0.context == .program }.flatMap(\.bindings).flatMap(\.keys)
    var others = KeyTable.groups.filter { $0.context != .program }.flatMap(\.bindings).flatMap(\.keys)
    for context in PickerCommand.Context.allCases { others += context.keys.flatMap(\.keys) }
    for binding in SheetCommand.keys + SheetCommand.typingKeys { others += binding.keys }
    #expect(Set(everywhere).isDisjoint(with: others))
  }

  @Test func `every row fits into a column of the help`() {
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
    #expect(lines.contains("| `u` | choose files or directories to send |"))
    #expect(lines.contains("| `↑` `k` | previous upload |"))
    #expect(lines.allSatisfy { $0.hasPrefix("|") && $0.hasSuffix("|") })
  }
}
