"""Sends a file over plain TCP as fast as possible: raw.py PORT FILE."""

import socket
import sys

if __name__ == "__main__":
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as connection, open(sys.argv[2], "rb") as file:
        connection.sendfile(file)
