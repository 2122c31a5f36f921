import Foundation
import Testing
import UploadTestSupport

/// Programs that tests use besides the one under test.
enum Client {
  /// A test that needs a program runs where that is installed, and in an automatic run in any case, so that a program
  /// missing there is a failure and not a silence.
  static func needs(_ program: String, _ arguments: String...) -> ConditionTrait {
    .enabled("\(program) is not installed here, or cannot do what the test needs") {
      if let mark = ProcessInfo.processInfo.environment["CI"], !mark.isEmpty { return true }
      return (try? await ProcessRunner.run(program, arguments).exit) == .status(0)
    }
  }

  /// A test that runs only where a program is installed.
  static func isInstalled(_ program: String, _ argument: String) -> ConditionTrait {
    .enabled("\(program) is not installed here") {
      (try? await ProcessRunner.run(program, [argument]).exit) == .status(0)
    }
  }
}

extension Trait where Self == ConditionTrait {
  static var curl: Self { Client.needs("curl", "--version") }
  static var bash: Self { Client.needs("bash", "--version") }
  static var node: Self { Client.needs("node", "--version") }
  static var python: Self { Client.needs("python3", "-c", "import requests") }
  /// Python 3.9 with nothing but its own library.
  static var barePython: Self { Client.needs("python3", "-c", "import sys; assert sys.version_info >= (3, 9)") }
  static var tmux: Self { Client.needs("tmux", "-V") }
  static var wget: Self { Client.needs("wget", "--version") }
  static var openssl: Self { Client.needs("openssl", "version") }
  static var netcat: Self { Client.needs("nc", "-h") }

  // Not asked of everybody who tests: a server that begins to listen where it is installed, and the system's own parts.
  // `.ci/run` installs them, and lets nothing be left out.

  static var nginx: Self { Client.isInstalled("nginx", "-v") }
  static var systemd: Self { Client.isInstalled("systemd-analyze", "--version") }

  /// What traces the system calls of a program.
  static var strace: Self {
    .enabled("no program can be traced here: that takes strace, and a container that lets it") {
      (try? await ProcessRunner.run("strace", ["-D", "true"]).exit) == .status(0)
    }
  }

  /// A mount of its own for a process needs rights that root has on a machine, but not in every container.
  static var mounts: Self {
    .enabled("no file system can be mounted here: that takes root, and a container that lets it") {
      let script = "mount -t tmpfs -o size=1m tmpfs /mnt"
      return (try? await ProcessRunner.run("unshare", ["--mount", "sh", "-c", script]).exit) == .status(0)
    }
  }
}
