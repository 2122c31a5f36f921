import HTTPTypes
import Testing
import UploadCore
import UploadProtocol
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Listings of directories, redirects to them, and what is not shown where directories are dropped.
@Suite struct DirectoryListingTests {
  private func store() -> MemoryStore {
    let store = BrowsingProbe.store()
    store.add("a.txt", [1], type: "text/plain")
    store.add("photos/2024/x.jpg", [1, 2], type: "image/jpeg", modified: 1_700_000_000)
    store.add("photos/b c.jpg", [1, 2, 3], type: "image/jpeg")
    return store
  }

  @Test func `a directory is listed with its directories first, each by its last component`() async throws {
    let reply = try await BrowsingProbe(store: store()).get("/files/photos/")
    #expect(reply.status == 200)
    #expect(
      reply.text.hasPrefix(
        #"{"files":[{"name":"2024/","url":"../../files/photos/2024/","directory":true,"modified":"1970-01-01T00:00:00Z"},"#
          + #"{"name":"b c.jpg","url":"../../files/photos/b%20c.jpg","size":3,"type":"image/jpeg","#
      ),
      "\(reply.text)"
    )
    let deep = try await BrowsingProbe(store: store()).get("/files/photos/2024/")
    #expect(deep.text.contains(#""name":"x.jpg","url":"../../../files/photos/2024/x.jpg""#))
    #expect(deep.text.contains(#""modified":"2023-11-14T22:13:20Z""#))
  }

  @Test func `the page of the upload directory has its directories, and links to an archive of all`() async throws {
    let listing = try await BrowsingProbe(store: store()).get("/files", as: "text/html")
    #expect(listing.text.contains("<a href=\"./files/photos/\"><bdi>photos/</bdi></a>"))
    #expect(listing.text.contains("<a href=\"./files/a.txt\">"))
    #expect(listing.text.contains("href=\"./files/?format=tar\">Download all as tar"))
  }

  @Test(arguments: [("/files/photos", "./photos/"), ("/files/photos/2024?token=t", "./2024/?token=t")])
  func `a directory without a slash at the end of its path gets a redirect to it`(
    path: String,
    location: String
  ) async throws {
    let reply = try await BrowsingProbe(store: store()).get(path)
    #expect(reply.status == 308)
    #expect(reply.fields[.location] == location)
  }

  @Test(arguments: [
    "/files/none/", "/files/a.txt/", "/files/photos/none", "/files/photos//2024/", "/files/photos/..%2Fa.txt",
    "/files/photos%2F2024%2Fx.jpg",
  ])
  func `a path where there is nothing gets 404`(path: String) async throws {
    let reply = try await BrowsingProbe(store: store()).get(path)
    #expect(reply.status == 404, "\(reply.text)")
  }

  @Test func `an unknown format gets 400`() async throws {
    let reply = try await BrowsingProbe(store: store()).get("/files/photos/?format=zip")
    #expect(reply.status == 400 && reply.text.contains("format=tar"))
  }

  @Test func `where directories are dropped, none is listed, and nothing in one is served`() async throws {
    var rules = PathRules()
    rules.keepsDirectories = false
    let probe = BrowsingProbe(store: store(), rules: rules)
    let listing = try await probe.get("/files/")
    #expect(listing.text.contains("a.txt") && !listing.text.contains("photos"))
    let archive = try await probe.get("/files/?format=tar")
    #expect(archive.text.contains("a.txt") && !archive.text.contains("photos"))
    for path in ["/files/photos/", "/files/photos", "/files/photos/2024/x.jpg", "/files/photos/?format=tar"] {
      let reply = try await probe.get(path)
      #expect(reply.status == 404, "\(path)")
    }
    for (path, isServed) in [("/files/a.txt", true), ("/files/photos/b%20c.jpg", false)] {
      let request = IncomingRequest(HTTPRequest(method: .get, scheme: nil, authority: nil, path: path))
      #expect((DownloadRequest(request, rules) != nil) == isServed)
      #expect(DownloadRequest(request, PathRules()) != nil)
    }
  }

  @Test func `a listing says how the server stores files`() async throws {
    let store = BrowsingProbe.store()
    let usual = try await BrowsingProbe(store: store).get("/files/")
    #expect(usual.fields[.sluiceStorage] == "directories=?1, times=?1, numbers=?1")
    store.onDuplicate = .replace
    var rules = PathRules()
    (rules.keepsDirectories, rules.keepsTimes) = (false, false)
    let flat = try await BrowsingProbe(store: store, rules: rules).get("/files/")
    #expect(flat.fields[.sluiceStorage] == "directories=?0, times=?0, numbers=?0")
  }
}
