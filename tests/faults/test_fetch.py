"""Downloads that break off, servers that are not there, files that are wrong, two processes at once."""

from __future__ import annotations

import gzip
import hashlib
import io
import multiprocessing
import re
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from snnbench.data import fetch, files
from snnbench.errors import DataError
from snnbench.plugin.specs import DataFile, DatasetSpec

CONTENT = bytes(range(256)) * 4096


class Server(ThreadingHTTPServer):
    """Serves ``files``; after ``cut`` bytes it hangs up, and ``slow`` makes it wait before the body."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.cut: int | None = None
        self.go = threading.Event()
        self.go.set()
        self.asked: list[str] = []
        self.begun = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        body = self.server.files.get(self.path)
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        self.server.begun.set()
        self.server.go.wait(60)
        if self.server.cut is None:
            self.wfile.write(body[len(body) // 2 :])
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.go.set()
        made.shutdown()


def spec(
    server: Server, content: bytes = CONTENT, path: str = "Set/data.bin", unpack: str | None = None
) -> DatasetSpec:
    md5 = hashlib.md5(content).hexdigest()
    file = DataFile(path, f"md5:{md5}", (server.url("/data"),), unpack)
    return DatasetSpec(
        name="points", version="1", summary="", factory="a:b", files=(file,), contents=("Set/**/*.bin",)
    )


def left(root: Path) -> list[str]:
    """All files below ``root`` but locks."""
    files = (path for path in root.rglob("*") if path.is_file())
    return sorted(path.relative_to(root).as_posix() for path in files if path.suffix != ".lock")


def test_what_is_missing_is_fetched_once(server: Server, tmp_path: Path) -> None:
    server.files["/data"] = CONTENT
    made = spec(server)
    fetch.verify(made, "", tmp_path, download=True)
    fetch.verify(made, "", tmp_path, download=True)
    assert (tmp_path / "Set/data.bin").read_bytes() == CONTENT
    assert server.asked == ["/data"]
    assert left(tmp_path) == ["Set/data.bin"]


def test_without_leave_to_download_two_lines_say_what_where_and_how(server: Server, tmp_path: Path) -> None:
    made = spec(server)
    with pytest.raises(DataError) as caught:
        fetch.verify(made, "", tmp_path)
    message, hint = str(caught.value).split("\n")
    assert "Set/data.bin" in message and str(tmp_path) in message and made.files[0].checksum in message
    assert f"snnbench data download points --data-root {tmp_path}" in hint
    assert server.asked == []


def test_no_network_is_said_with_the_command_that_fetches(tmp_path: Path, server: Server) -> None:
    made = spec(server)
    server.shutdown()
    server.server_close()
    with pytest.raises(DataError, match=r"cannot be downloaded: no connection to 127\.0\.0\.1") as caught:
        fetch.verify(made, "", tmp_path, download=True)
    assert "snnbench data download points" in caught.value.hint
    assert left(tmp_path) == []


def test_a_file_the_server_does_not_have_is_said(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="404"):
        fetch.verify(spec(server), "", tmp_path, download=True)


def test_a_damaged_file_is_not_called_missing(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "Set/data.bin"
    path.parent.mkdir()
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(DataError, match=r"is damaged in .* and cannot be downloaded: 404") as caught:
        fetch.fetch(spec(server), tmp_path)
    assert f"save {server.url('/data')} as {path}" in caught.value.hint
    assert path.read_bytes() == CONTENT[:-1]


def test_the_next_address_is_tried(server: Server, tmp_path: Path) -> None:
    server.files["/mirror"] = CONTENT
    made = spec(server)
    file = DataFile("Set/data.bin", made.files[0].checksum, (server.url("/data"), server.url("/mirror")))
    fetch.fetch(DatasetSpec(name="points", version="1", summary="", factory="a:b", files=(file,)), tmp_path)
    assert server.asked == ["/data", "/mirror"]


def test_a_download_that_breaks_off_leaves_nothing_and_can_be_repeated(
    server: Server, tmp_path: Path
) -> None:
    server.files["/data"], server.cut = CONTENT, 100
    with pytest.raises(DataError, match="broke off"):
        fetch.verify(spec(server), "", tmp_path, download=True)
    assert left(tmp_path) == []
    server.cut = None
    fetch.verify(spec(server), "", tmp_path, download=True)
    assert (tmp_path / "Set/data.bin").read_bytes() == CONTENT


def test_another_file_than_published_is_not_kept(server: Server, tmp_path: Path) -> None:
    server.files["/data"] = b"an error page"
    with pytest.raises(DataError, match="does not match"):
        fetch.verify(spec(server), "", tmp_path, download=True)
    assert left(tmp_path) == []


def _fetch(made: DatasetSpec, root: Path) -> None:
    fetch.fetch(made, root)


def test_a_killed_process_leaves_no_half_file_in_place(server: Server, tmp_path: Path) -> None:
    server.files["/data"] = CONTENT
    server.go.clear()
    child = multiprocessing.get_context("spawn").Process(target=_fetch, args=(spec(server), tmp_path))
    child.start()
    assert server.begun.wait(60)
    child.kill()
    child.join()
    server.go.set()
    assert not (tmp_path / "Set/data.bin").exists()
    fetch.verify(spec(server), "", tmp_path, download=True)
    assert left(tmp_path) == ["Set/data.bin"]


def test_of_two_processes_at_once_one_downloads(server: Server, tmp_path: Path) -> None:
    server.files["/data"] = CONTENT
    server.go.clear()
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=_fetch, args=(spec(server), tmp_path)) for _ in range(2)]
    for child in children:
        child.start()
    assert server.begun.wait(60)
    notes: list[str] = []
    here = threading.Thread(target=lambda: fetch.fetch(spec(server), tmp_path, _release(notes, server)))
    here.start()
    for waiting in (*children, here):
        waiting.join(60)
    assert [child.exitcode for child in children] == [0, 0]
    assert notes == ["waiting for another process that fetches points"]
    assert server.asked == ["/data"]
    assert left(tmp_path) == ["Set/data.bin"]


def _release(notes: list[str], server: Server) -> fetch.Note:
    """A note that lets the server go on, so that somebody has waited for certain."""

    def note(text: str) -> None:
        notes.append(text)
        server.go.set()

    return note


@pytest.mark.parametrize("damage", ["truncated", "changed"])
def test_a_damaged_file_is_named_with_both_checksums(server: Server, tmp_path: Path, damage: str) -> None:
    wrong = CONTENT[:-1] if damage == "truncated" else b"\x01" + CONTENT[1:]
    path = tmp_path / "Set/data.bin"
    path.parent.mkdir()
    path.write_bytes(wrong)
    made = spec(server)
    with pytest.raises(DataError) as caught:
        fetch.verify(made, "", tmp_path, download=True)
    for part in (str(path), hashlib.md5(wrong).hexdigest(), made.files[0].checksum):
        assert part in caught.value.message
    assert files.content_checksum(made, tmp_path) in caught.value.hint
    server.files["/data"] = CONTENT
    fetch.fetch(made, tmp_path)
    fetch.verify(made, "", tmp_path)


def test_other_files_are_read_if_their_content_is_named(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "Set/data.bin"
    path.parent.mkdir()
    path.write_bytes(b"mine")
    made = spec(server)
    content = files.content_checksum(made, tmp_path)
    fetch.verify(made, content, tmp_path)
    path.write_bytes(b"mint")
    with pytest.raises(DataError, match=content):
        fetch.verify(made, content, tmp_path)
    path.rename(path.with_name("other.bin"))
    assert files.content_checksum(made, tmp_path) != content
    path.with_name("other.bin").unlink()
    with pytest.raises(DataError, match="is missing"):
        fetch.verify(made, content, tmp_path)


def packed(kind: str, files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    elif kind == "tar.gz":
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    else:
        (content,) = files.values()
        buffer.write(gzip.compress(content))
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "gz"])
def test_what_is_unpacked_is_made_whole_again(server: Server, tmp_path: Path, kind: str) -> None:
    name = "a.bin" if kind == "gz" else "deep/a.bin"
    archive = packed(kind, {name: CONTENT})
    path = "Set/a.bin.gz" if kind == "gz" else f"Set/all.{kind}"
    made = spec(server, archive, path, unpack="Set")
    (tmp_path / "Set").mkdir()
    (tmp_path / path).write_bytes(archive)
    out = tmp_path / "Set" / name
    fetch.verify(made, "", tmp_path)
    assert out.read_bytes() == CONTENT
    for other in (CONTENT[:100], CONTENT[::-1]):  # as if unpacking had been interrupted; of the same size
        out.write_bytes(other)
        found = files.state(made, tmp_path)
        assert (found.status, str(out) in found.detail) == ("damaged", True)
        fetch.verify(made, "", tmp_path)
        assert out.read_bytes() == CONTENT
        assert files.state(made, tmp_path).status == "ok"
    before = out.stat().st_mtime_ns
    fetch.verify(made, "", tmp_path)
    assert out.stat().st_mtime_ns == before


def test_an_archive_in_an_archive_is_unpacked_beside_itself(server: Server, tmp_path: Path) -> None:
    inner = packed("zip", {"cat/1.bin": b"one"})
    archive = packed("zip", {"inner.zip": inner})
    (tmp_path / "all.zip").write_bytes(archive)
    fetch.verify(spec(server, archive, "all.zip", unpack="Set"), "", tmp_path)
    inside = tmp_path / "Set/cat/1.bin"
    assert inside.read_bytes() == b"one"
    inside.write_bytes(b"two")
    made = spec(server, archive, "all.zip", unpack="Set")
    assert str(inside) in files.state(made, tmp_path).detail
    fetch.verify(made, "", tmp_path)
    assert inside.read_bytes() == b"one"


def forged(content: bytes, crc: int) -> bytes:
    """``content`` and four bytes more, whose CRC-32 is ``crc``."""
    table = [zlib.crc32(bytes([i])) ^ zlib.crc32(b"\0") for i in range(256)]  # what a last byte does
    state, wanted = zlib.crc32(content) ^ 0xFFFFFFFF, crc ^ 0xFFFFFFFF
    for _ in range(4):  # backwards: which byte was the last
        index = next(i for i in range(256) if table[i] >> 24 == wanted >> 24)
        wanted = ((wanted ^ table[index]) << 8 | index) & 0xFFFFFFFF
    return content + (wanted ^ state).to_bytes(4, "little")


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "gz"])
def test_a_forged_file_of_the_same_crc_is_no_published_one(server: Server, tmp_path: Path, kind: str) -> None:
    name = "a.bin"
    archive = packed(kind, {name: CONTENT})
    path = "Set/a.bin.gz" if kind == "gz" else f"Set/all.{kind}"
    made = spec(server, archive, path, unpack="Set")
    (tmp_path / "Set").mkdir()
    (tmp_path / path).write_bytes(archive)
    out = tmp_path / "Set" / name
    wrong = forged(CONTENT[::-1][:-4], zlib.crc32(CONTENT))
    assert zlib.crc32(wrong) == zlib.crc32(CONTENT) and len(wrong) == len(CONTENT)
    out.write_bytes(wrong)
    assert files.state(made, tmp_path).status == "damaged"
    fetch.verify(made, "", tmp_path)
    assert out.read_bytes() == CONTENT


def test_a_link_in_a_tar_is_what_it_points_to(server: Server, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        member = tarfile.TarInfo("a.bin")
        member.size = 3
        tar.addfile(member, io.BytesIO(b"one"))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            link = tarfile.TarInfo(f"link{kind.decode()}.bin")
            link.type, link.linkname = kind, "a.bin"
            tar.addfile(link)
    (tmp_path / "all.tar.gz").write_bytes(buffer.getvalue())
    made = spec(server, buffer.getvalue(), "all.tar.gz", unpack="Set")
    fetch.verify(made, "", tmp_path)
    assert {path.read_bytes() for path in (tmp_path / "Set").iterdir()} == {b"one"}
    assert files.state(made, tmp_path).status == "ok"


def test_a_link_to_what_is_not_there_is_said(server: Server, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        link = tarfile.TarInfo("link.bin")
        link.type, link.linkname = tarfile.SYMTYPE, "gone.bin"
        tar.addfile(link)
    (tmp_path / "all.tar.gz").write_bytes(buffer.getvalue())
    made = spec(server, buffer.getvalue(), "all.tar.gz", unpack="Set")
    said = r"all\.tar\.gz cannot be unpacked .*'gone\.bin' not found"
    with pytest.raises(DataError, match=said):
        fetch.verify(made, "", tmp_path)
    found = files.state(made, tmp_path)
    assert found.status == "damaged" and re.search(said, found.detail)


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
@pytest.mark.parametrize("name", ["../out.zip", "/out.zip", "in/../../out.zip"])
def test_a_name_that_leaves_the_folder_is_refused(
    server: Server, tmp_path: Path, kind: str, name: str
) -> None:
    archive = packed(kind, {name: packed("zip", {"a.bin": b"one"})})
    (tmp_path / f"all.{kind}").write_bytes(archive)
    (tmp_path / "out.zip").write_bytes(packed("zip", {"a.bin": b"another"}))
    with pytest.raises(DataError, match="a name outside of its folder"):
        fetch.verify(spec(server, archive, f"all.{kind}", unpack="Set"), "", tmp_path)
    assert not list(tmp_path.rglob("a.bin"))


def test_a_folder_that_cannot_be_written_is_said(server: Server, tmp_path: Path) -> None:
    archive = packed("zip", {"a.bin": CONTENT})
    (tmp_path / "all.zip").write_bytes(archive)
    (tmp_path / "Set").write_bytes(b"a file where the folder should be")
    with pytest.raises(DataError, match="cannot be unpacked"):
        fetch.verify(spec(server, archive, "all.zip", unpack="Set"), "", tmp_path)


def test_the_state_of_what_is_there(server: Server, tmp_path: Path) -> None:
    made = spec(server)
    assert files.state(made, tmp_path).status == "missing"
    path = tmp_path / "Set/data.bin"
    path.parent.mkdir()
    path.write_bytes(CONTENT[1:])
    assert files.state(made, tmp_path).status == "damaged"
    path.write_bytes(CONTENT)
    found = files.state(made, tmp_path)
    assert (found.status, found.content) == ("ok", files.content_checksum(made, tmp_path))
