import ArgumentParser

struct HeadlessCommand: ParsableCommand, EnvironmentDefaults.Reading {
  static let valueNames = ["size"]
  static let switchNames = ["random", "force"]
}
