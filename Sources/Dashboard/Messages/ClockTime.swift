/// A time of day, as the event log shows it. Views have no clock: whoever samples the uploads reads it.
package struct ClockTime: Hashable, Sendable {
  /// 0 to 23.
  package var hour: Int
  package var minute: Int
  package var second: Int

  package init(hour: Int, minute: Int, second: Int) {
    self.hour = hour
    self.minute = minute
    self.second = second
  }

  /// Seconds since an earlier time, less than a day before.
  func seconds(since earlier: ClockTime) -> Int {
    let difference = secondOfDay &- earlier.secondOfDay
    return difference < 0 ? difference &+ 86_400 : difference
  }

  /// Wraps around, so that no time, however wrong, ends the program.
  private var secondOfDay: Int { (hour &* 60 &+ minute) &* 60 &+ second }
}
