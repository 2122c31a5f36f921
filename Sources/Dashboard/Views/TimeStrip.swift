import TerminalUI
import UploadCore

/// What the time of an upload was spent on: a strip in which each cause has columns by its share, its colour and its
/// letter, and beside it, or below it where there is no room, the shares as text.
struct TimeStrip: Widget {
  let time: TimeShares

  private static let longestStrip = 40
  private static let shortestStrip = 8
  private static let gap = 2

  /// Rows that it needs in `width` columns; 0 without any time.
  func height(width: Int) -> Int {
    guard time.seconds > 0, width > 0 else { return 0 }
    return Self.strip(beside: legendColumns, in: width) == nil ? 2 : 1
  }

  func draw(on surface: inout Surface) {
    guard time.seconds > 0 else { return }
    let (theme, width) = (surface.theme, surface.width)
    let beside = Self.strip(beside: legendColumns, in: width)
    let columns = beside ?? min(width, Self.longestStrip)
    surface.write(strip(columns, theme), x: 0, y: 0, width: width)
    let start = beside.map { $0 + Self.gap } ?? 0
    surface.write(legend(theme), x: start, y: beside == nil ? 1 : 0, width: width - start)
  }

  /// The columns of a strip that leaves room for the legend in the same row; nil where it would be too short.
  private static func strip(beside legend: Int, in width: Int) -> Int? {
    let room = width - legend - gap
    return room >= shortestStrip ? min(room, longestStrip) : nil
  }

  private var legendColumns: Int { legend(nil).columns }

  private func strip(_ columns: Int, _ theme: Theme) -> StyledText {
    StyledText(
      time.parts(of: columns).map { part in
        Span(String(repeating: part.cause.letter, count: part.count), part.cause.style(theme).adding(.reverse))
      }
    )
  }

  /// `client 72 %, disk 9 %, limit 19 %`, each cause in its colour.
  private func legend(_ theme: Theme?) -> StyledText {
    var text = StyledText([])
    for (index, part) in time.percentages.enumerated() {
      if index > 0 { text.append(", ", theme?.dim ?? .plain) }
      text.append(part.cause.rawValue, theme.map { part.cause.style($0) } ?? .plain)
      text.append(" \(part.percent) %")
    }
    return text
  }
}

extension TimeCause {
  /// What its columns show: the first letter of its name, or the third one where another cause has that.
  var letter: String {
    switch self {
    case .store: "O"
    case .client, .server, .network, .disk, .memory, .limit, .input, .paused, .finishing:
      rawValue.prefix(1).uppercased()
    }
  }

  /// The style of its columns and its name. Some have the same one: their letters differ.
  fileprivate func style(_ theme: Theme) -> Style {
    switch self {
    case .client, .input: theme.accent
    case .server: theme.good
    case .network: theme.bad
    case .disk, .store: theme.warning
    case .memory, .finishing: theme.text
    case .limit, .paused: theme.dim
    }
  }
}
