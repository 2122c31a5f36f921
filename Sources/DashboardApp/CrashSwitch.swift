import Glibc

/// For tests alone: with `SLUICE_CRASH=trap` or `=segv` in the environment the dashboard crashes at the first key, so that
/// they can see a real crash of the real program give the terminal back.
enum CrashSwitch {
  private static let way = ProcessEnvironment.all["SLUICE_CRASH"] ?? ""

  static func keyWasPressed() {
    switch way {
    case "trap": fatalError("SLUICE_CRASH asked for this")
    case "segv": UnsafeMutablePointer<Int>(bitPattern: 8)?.pointee = 1
    default: break
    }
  }
}
