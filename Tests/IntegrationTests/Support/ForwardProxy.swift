import Foundation
import Testing
import UploadTestSupport

/// A real HTTP proxy on a loopback port of its own: forwards requests in absolute form, and opens tunnels for CONNECT. It
/// knows the host `server.localhost`, which need not be known to this machine's resolver.
struct ForwardProxy {
  /// Prints its port. Appends a log line for each request to a file, before anything else of it happens: method and target, or
  /// `407`. Arguments: `USER:PASSWORD`, empty to accept every client; a certificate and its key, empty for a plain proxy; the
  /// file.
  private static let script = #"""
    import base64, os, select, socket, socketserver, ssl, sys
    credentials, cert, key, log = sys.argv[1:]
    log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    expected = "Basic " + base64.b64encode(credentials.encode()).decode()

    class Rejected(Exception): pass

    def dial(authority):
        host, _, port = authority.rpartition(":") if ":" in authority else (authority, "", "80")
        return socket.create_connection(("127.0.0.1" if host == "server.localhost" else host, int(port)))

    class Handler(socketserver.BaseRequestHandler):
        def setup(self):
            self.server_side, self.buffer, self.left, self.chunked, self.tunnel = None, b"", 0, False, False
            if cert:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(cert, key)
                self.request = context.wrap_socket(self.request, server_side=True)

        def handle(self):
            client = self.request
            try:
                while True:
                    sockets = [client] + ([self.server_side] if self.server_side else [])
                    ready = [client] if cert and client.pending() else select.select(sockets, [], [])[0]
                    if client in ready:
                        data = client.recv(1 << 16)
                        if not data: return
                        self.buffer += data
                        self.forward()
                    if self.server_side in ready:
                        data = self.server_side.recv(1 << 16)
                        if not data: return
                        client.sendall(data)
            except (OSError, Rejected):
                pass
            finally:
                if self.server_side: self.server_side.close()

        # Sends on what is complete of the client's bytes: all of a tunnel or a body, and each request's headers at once.
        def forward(self):
            while self.buffer:
                if self.tunnel: self.send(len(self.buffer))
                elif self.left: self.left -= self.send(min(self.left, len(self.buffer)))
                elif self.chunked:
                    end = self.buffer.find(b"\r\n")
                    if end < 0: return
                    size = int(self.buffer[:end], 16)
                    self.chunked = size > 0
                    self.left = end + 2 + size + 2
                else:
                    end = self.buffer.find(b"\r\n\r\n")
                    if end < 0: return
                    headers, self.buffer = self.buffer[:end].decode(), self.buffer[end + 4:]
                    self.begin(headers)

        def send(self, count):
            self.server_side.sendall(self.buffer[:count])
            self.buffer = self.buffer[count:]
            return count

        def begin(self, headers):
            request, *fields = headers.split("\r\n")
            method, target, version = request.split(" ")
            values = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
            if credentials and values.get("proxy-authorization") != expected:
                os.write(log, b"407\n")
                self.reject("407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="test"\r\n')
            # In one call: connections are served by threads.
            os.write(log, f"{method} {target}\n".encode())
            if method == "CONNECT":
                self.server_side, self.tunnel = dial(target), True
                return self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            if not target.startswith("http://"): self.reject("400 Bad Request")
            authority, slash, path = target[7:].partition("/")
            if values.get("host") != authority: self.reject("400 Bad Request")
            self.server_side = self.server_side or dial(authority)
            kept = [field for field in fields if not field.lower().startswith("proxy-")]
            self.server_side.sendall("\r\n".join([f"{method} /{path} {version}"] + kept + ["", ""]).encode())
            self.left = int(values.get("content-length", 0))
            self.chunked = values.get("transfer-encoding", "") == "chunked"

        def reject(self, status, fields=""):
            response = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n{fields}\r\n"
            self.request.sendall(response.encode())
            # The client must read the response before its bytes meet a closed socket.
            self.request.shutdown(socket.SHUT_WR)
            while self.request.recv(1 << 16): pass
            raise Rejected

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        def handle_error(self, *_): pass

    with Server(("127.0.0.1", 0), Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
    """#

  private let log: String
  let port: Int

  /// `METHOD TARGET` of the requests so far, or `407` for those without the right credentials.
  var requests: [String] {
    get throws { try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map(String.init) }
  }

  /// Runs a proxy while `body` runs, and ends it after that.
  /// - Parameters:
  ///   - credentials: `USER:PASSWORD` that clients must present; nil for none.
  ///   - certificate: paths of a certificate and its key; nil for a plain proxy.
  static func with<Result>(
    credentials: String? = nil,
    certificate: (cert: String, key: String)? = nil,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (ForwardProxy) async throws -> Result
  ) async throws -> Result {
    try await withTemporaryDirectory { directory in
      let log = directory.file("requests")
      let arguments = ["-c", script, credentials ?? "", certificate?.cert ?? "", certificate?.key ?? "", log]
      let process = try ProcessRunner("python3", arguments)
      let port = try #require(Int(try await process.line { !$0.isEmpty }))
      let result = try await body(ForwardProxy(log: log, port: port))
      process.signal(9)
      try await process.exit()
      return result
    }
  }
}
