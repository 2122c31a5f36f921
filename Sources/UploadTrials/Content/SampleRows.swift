/// A sample to be looked at as well as sent: a heading `index, data`, then rows `i, 2i` from 0 on, together of an exact
/// size.
///
/// The last row that fits is made longer by spaces before its line end, so that every row is whole, the file ends with a
/// line end, and the size is right to the byte. The heading counts as a row; where not even it fits, it is cut.
///
/// Measured: with ``RowBlock`` a row takes 1.3 ns, a tenth of what the kernel takes to keep it; a counter of decimal
/// digits took 20 ns, more than the kernel.
struct SampleRows: SampleContent {
  /// Room that ``fill(_:count:)`` needs behind what it is asked for: a block of rows, or two rows of the largest numbers.
  static let slack = RowBlock.rows * longestRow + 2 * longestRow
  /// Two numbers of 20 digits, the separator and the line end.
  private static let longestRow = 43
  private static let heading = "index, data\n"

  /// The next row.
  private var index: UInt64 = 0
  /// Bytes of the file that no row has been made for yet.
  private var remaining: UInt64
  /// Bytes made already that did not fit into the buffer before.
  private var overhang: [UInt8]

  /// - Parameter size: of the whole file, in bytes.
  init(size: UInt64) {
    overhang = Array(Self.heading.utf8.prefix(Int(clamping: size)))
    remaining = size - UInt64(overhang.count)
    if remaining < UInt64(nextLength) {
      let padding = Array(repeating: UInt8(ascii: " "), count: Int(remaining))
      overhang.insert(contentsOf: padding, at: max(0, overhang.count - 1))
      remaining = 0
    }
  }

  mutating func fill(_ buffer: UnsafeMutableRawBufferPointer, count: Int) {
    guard count > 0, let start = buffer.baseAddress else { return }
    precondition(buffer.count >= count + Self.slack, "rows are written past the end before they are cut")
    buffer.copyBytes(from: overhang)
    var address = start + overhang.count
    let end = start + count
    while address < end, remaining > 0 {
      address = writeBlock(to: address) ?? writeRow(to: address)
    }
    overhang = address > end ? Array(UnsafeRawBufferPointer(start: end, count: address - end)) : []
  }

  /// Writes many rows at once; nil where a block does not begin, or might reach the last row.
  private mutating func writeBlock(to start: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    guard let block = RowBlock(from: index), remaining >= UInt64(block.length + 2 * Self.longestRow) else { return nil }
    remaining -= UInt64(block.length)
    index += UInt64(RowBlock.rows)
    return block.write(to: start)
  }

  private mutating func writeRow(to start: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    var address = Self.copy("\(index), \(index * 2)", to: start)
    remaining -= UInt64(address - start + 1)
    index += 1
    if remaining < UInt64(nextLength) {
      address = Self.copy(String(repeating: " ", count: Int(remaining)), to: address)
      remaining = 0
    }
    return Self.copy("\n", to: address)
  }

  /// The length of the next row.
  private var nextLength: Int {
    "\(index), \(index * 2)\n".utf8.count
  }

  private static func copy(_ text: String, to address: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    var text = text
    return text.withUTF8 { bytes in
      UnsafeMutableRawBufferPointer(start: address, count: bytes.count).copyMemory(from: UnsafeRawBufferPointer(bytes))
      return address + bytes.count
    }
  }
}

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
