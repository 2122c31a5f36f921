/// 500 rows `i, 2i` that differ in the last three digits only, which come out of a table.
struct RowBlock {
  /// Rows in a block: as long as `2i` goes through one thousand.
  static let rows = 500

  /// The digits of `i` and of `2i` before the last three, as they lie in memory.
  private let head: Digits
  private let doubleHead: Digits
  /// Whether the last three digits of `i` begin at 500.
  private let isSecondHalf: Bool

  /// Nil unless a block begins with `first`, its numbers have more than three digits, and few enough for a word.
  init?(from first: UInt64) {
    guard first >= 1000, first % UInt64(Self.rows) == 0, first < 50_000_000_000 else { return nil }
    head = Digits(first / 1000)
    doubleHead = Digits(first * 2 / 1000)
    isSecondHalf = first % 1000 != 0
  }

  /// The block's length in bytes.
  var length: Int {
    Self.rows * (head.count + 5 + doubleHead.count + 4)
  }

  /// Writes all rows, and up to eight bytes behind them that do not count.
  /// - Returns: where the rows end.
  func write(to start: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    var address = start
    let tails = Self.tails.span
    let doubleTails = Self.doubleTails.span
    let offset = isSecondHalf ? Self.rows : 0
    for row in 0..<Self.rows {
      // Whole words, each over the rest of the one before: quicker than copying the right number of bytes.
      address.storeBytes(of: head.word, as: UInt64.self)
      address += head.count
      address.storeBytes(of: tails[offset + row], as: UInt64.self)
      address += 5
      address.storeBytes(of: doubleHead.word, as: UInt64.self)
      address += doubleHead.count
      address.storeBytes(of: doubleTails[row], as: UInt32.self)
      address += 4
    }
    return address
  }

  /// `kkk, ` for every three digits.
  private static let tails: [UInt64] = (0..<1000).map { Digits(threeOf: $0).word | UInt64(0x202C) << 24 }
  /// `kkk` and a line end for every second three digits.
  private static let doubleTails: [UInt32] = (0..<500).map {
    UInt32(truncatingIfNeeded: Digits(threeOf: $0 * 2).word) | 0x0A << 24
  }

  /// At most eight decimal digits in a word, the first in its lowest byte.
  private struct Digits {
    var word: UInt64 = 0
    var count = 0

    init(_ number: UInt64) {
      var rest = number
      repeat {
        word = word << 8 | (0x30 + rest % 10)
        rest /= 10
        count += 1
      } while rest > 0
    }

    init(threeOf number: UInt64) {
      word = (0x30 + number / 100) | (0x30 + number / 10 % 10) << 8 | (0x30 + number % 10) << 16
      count = 3
    }
  }
}
