import Foundation
import Testing
import UploadTestSupport

/// Programs that tests use besides the one under test.
enum Client {
  /// Enables a test where a program is installed. In an automatic run (`CI` is set) the test always runs, so that a
  /// missing program is a failure.
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
  /// The tus project's client for Python.
  static var tuspy: Self { Client.needs("python3", "-c", "import tusclient") }
  /// Chromium, and Selenium for Debian's Python.
  static var chromium: Self {
    let parts = ["chromium --version", "chromedriver --version", "/usr/bin/python3 -c 'import selenium'"]
    return Client.needs("sh", "-c", parts.joined(separator: " && "))
  }
  static var tmux: Self { Client.needs("tmux", "-V") }
  static var wget: Self { Client.needs("wget", "--version") }
  static var openssl: Self { Client.needs("openssl", "version") }
  static var zbar: Self { Client.needs("zbarimg", "--version") }
  static var netcat: Self { Client.needs("nc", "-h") }

  // Not required of every developer: nginx starts to listen when it is installed, and systemd is part of the system.
  // `.ci/run` installs them, and fails when a test is skipped.

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
  /// Users of their own for processes, who have no rights of root.
  static var userNamespaces: Self {
    .enabled("no user namespace can be made here") {
      (try? await ProcessRunner.run("unshare", ["--user", "true"]).exit) == .status(0)
    }
  }

  /// Networks of their own for processes, and devices that join them.
  static var networks: Self {
    .enabled("no network can be made here: that takes root, /dev/net/tun, and a container that lets it") {
      let script = "ip tuntap add dev sluice0 mode tun"
      return (try? await ProcessRunner.run("unshare", ["--net", "sh", "-c", script]).exit) == .status(0)
    }
  }
}
