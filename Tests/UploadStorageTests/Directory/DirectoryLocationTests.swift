import Testing

@testable import UploadStorage

/// Which directories may take the place of the one that a server stores files in.
@Suite struct DirectoryLocationTests {
  private static let root: UInt64 = 1
  private static let disk: UInt64 = 2
  private static let other: UInt64 = 3

  private func location(_ device: UInt64, _ inode: UInt64, at mountPoint: String) -> DirectoryLocation {
    DirectoryLocation(identity: FileIdentity(device: device, inode: inode), mountPoint: mountPoint)
  }

  @Test func `a path that leads to the same directory is no change`() {
    let opened = location(Self.root, 10, at: "/")
    #expect(opened.change(to: opened, deviceAtMountPoint: Self.root) == .none)
  }

  @Test func `a directory that was created again on the same device replaces the old one`() {
    let opened = location(Self.root, 10, at: "/")
    #expect(opened.change(to: location(Self.root, 11, at: "/"), deviceAtMountPoint: Self.root) == .replaced)
    let mounted = location(Self.disk, 10, at: "/srv")
    #expect(mounted.change(to: location(Self.disk, 11, at: "/srv"), deviceAtMountPoint: Self.disk) == .replaced)
  }

  @Test(arguments: ["/srv/uploads", "/srv"])
  func `a disk mounted over the directory, or over one above it, replaces it`(mountPoint: String) {
    let opened = location(Self.root, 10, at: "/")
    #expect(opened.change(to: location(Self.disk, 2, at: mountPoint), deviceAtMountPoint: Self.root) == .replaced)
  }

  @Test func `a disk mounted at the mount point of the old one, or below it, replaces the directory`() {
    let opened = location(Self.disk, 10, at: "/srv")
    let deeper = location(Self.other, 2, at: "/srv/uploads")
    #expect(opened.change(to: deeper, deviceAtMountPoint: Self.disk) == .replaced)
    let again = location(Self.other, 10, at: "/srv")
    #expect(opened.change(to: again, deviceAtMountPoint: Self.other) == .replaced)
  }

  @Test func `after the disk is unmounted the path is unavailable, whatever directory is below it`() {
    let opened = location(Self.disk, 2, at: "/srv/uploads")
    let bare = location(Self.root, 10, at: "/")
    #expect(opened.change(to: bare, deviceAtMountPoint: Self.root) == .unavailable(.unmounted))
    // Nor that on another disk which the first was mounted on.
    let below = location(Self.other, 10, at: "/srv")
    #expect(opened.change(to: below, deviceAtMountPoint: Self.other) == .unavailable(.unmounted))
    #expect(opened.change(to: nil, deviceAtMountPoint: Self.root) == .unavailable(.unmounted))
    #expect(opened.change(to: nil, deviceAtMountPoint: nil) == .unavailable(.unmounted))
  }

  @Test func `a path that leads to no directory, with its disk still mounted, is missing`() {
    let opened = location(Self.root, 10, at: "/")
    #expect(opened.change(to: nil, deviceAtMountPoint: Self.root) == .unavailable(.missing))
  }

  @Test func `a path that leads to a disk at another mount point, with the old disk still mounted, is unavailable`() {
    let opened = location(Self.disk, 10, at: "/mnt/one")
    let found = location(Self.other, 10, at: "/mnt/other")
    #expect(opened.change(to: found, deviceAtMountPoint: Self.disk) == .unavailable(.elsewhere))
    // One name being the beginning of another does not make it a directory above it.
    let similar = location(Self.other, 10, at: "/mnt/one2")
    #expect(opened.change(to: similar, deviceAtMountPoint: Self.disk) == .unavailable(.elsewhere))
  }
}
