"""Opening a file as a video, safely, and saying in one line why it cannot be.

FFmpeg is handed an open file, never a name: no name can be taken for a URL, a protocol, an option or a pattern of
image numbers, and a name of any bytes opens. It may use only the formats listed here, none of which reads a second
file: playlists, concatenation scripts and manifests are refused.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO, RawIOBase
from pathlib import Path

import av
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.stream import Discard, Disposition

from twinreel.errors import BadFile, MediaError, NoAccess, OutOfResources
from twinreel.media.remote import is_remote, open_remote

FORMATS = (
    # containers
    "mov,matroska,avi,mpegts,mpeg,flv,live_flv,asf,rm,ogg,mxf,gxf,nut,wtv,dv,nsv,nuv,pva,ivf",
    # streams of one codec without a container
    "h261,h263,h264,hevc,vvc,av1,obu,m4v,mpegvideo,vc1,vc1test,dirac,cavsvideo,avs2,avs3,mjpeg,yuv4mpegpipe,dnxhd",
    # pictures, moving or still
    "gif,apng,jpegxl_anim,jpeg_pipe,png_pipe,webp_pipe,bmp_pipe,tiff_pipe,jpegxl_pipe,j2k_pipe",
    # sound, so that the reason can say so
    "mp3,aac,ac3,eac3,flac,wav,w64,aiff,ape,dts,amr,caf,wv,tta",
)
"""FFmpeg's names of the formats that may be opened."""

MAX_PIXELS = 1 << 27
"""Largest picture accepted: twice 8K each way (15360 x 8640) just fits."""

_TOLD = {"skip_frame": "all", "analyzeduration": "1"}
"""For MP4 and MOV, whose header tells all but the pixel format: to learn that, a frame would be decoded. Without that,
a file opens in a fifth of the time."""
_OPTIONS = {
    "format_whitelist": ",".join(FORMATS),
    "protocol_whitelist": "",
    # Only for the look that FFmpeg takes to learn the streams' parameters: one keyframe is enough, and up to four
    # times quicker than the frames that it would decode otherwise.
    "skip_frame": "nokey",
    "skip_loop_filter": "all",
    "max_pixels": str(MAX_PIXELS),
}
_TS_PACKET = 188
"""Bytes of a packet of an MPEG transport stream, the first of which is always 0x47 (ISO/IEC 13818-1, 2.4.3.2)."""
_SHORT_TS = 12 * _TS_PACKET
"""FFmpeg wants to see ten packets before it believes in a transport stream; a few frames have fewer."""
_POINTERS = (b"#extm3u", b"ffconcat", b"[playlist]", b"[reference]", b"rtsptext", b"<asx", b"<smil", b"<mpd", b"v=0")
_EXHAUSTED = {errno.ENOMEM, errno.EMFILE, errno.ENFILE}
_NO_ACCESS = {
    errno.ENOENT: "there is no such file (any more)",
    errno.ENOTDIR: "there is no such file (any more)",
    errno.EACCES: "permission to read it is denied",
    errno.EPERM: "permission to read it is denied",
    errno.ELOOP: "its symbolic links form a loop",
    errno.EISDIR: "it is a folder",
    errno.ENAMETOOLONG: "its name is too long for this system",
}


@dataclass(frozen=True, slots=True)
class Source:
    """An open video file."""

    path: str
    container: InputContainer
    stream: av.VideoStream
    """The one that counts; the packets of all other streams are discarded."""
    size: int
    """Bytes of the file."""


class _File(FileIO):
    """A file that answers an impossible seek as C does, with -1.

    FFmpeg tries such seeks in damaged files and gets over them; an exception would end the reading.
    """

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        try:
            return super().seek(offset, whence)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return -1


@contextmanager
def open_video(path: str, *, threads: int = 1, stage: str = "decode", device: str | None = None) -> Iterator[Source]:
    """Opens a file and chooses its video stream: of those that are no cover art, the one with most pixels.

    threads: of the decoder; 0 lets FFmpeg choose.
    stage: what the errors say was being done.
    device: what decodes, a name of ``media.hardware``; None: the processors. Where it cannot, or sees damage, that is a
    BadFile, which says nothing about the file: the device may be at fault.
    Raises BadFile, NoAccess or OutOfResources, also for what goes wrong inside the ``with`` block.
    """
    with readable(path, stage) as (file, size):
        if size == 0:
            raise BadFile("the file is empty", stage)
        head = file.read(_SHORT_TS)
        if head[8:16] == b"WEBPVP8X" and int.from_bytes(head[20:21]) & 2:
            raise BadFile("it is an animated WebP, of which FFmpeg decodes still ones only: make it a GIF", stage)
        file.seek(0)
        options = _OPTIONS | (_TOLD if head[4:8] == b"ftyp" else {})
        try:
            format = "mpegts" if size < _SHORT_TS and _is_ts(head) else None
            hwaccel = None if device is None else HWAccel(device, allow_software_fallback=False)
            container = av.open(file, "r", format=format, options=options, metadata_errors="replace", hwaccel=hwaccel)
        except MemoryError:
            raise
        except (av.FFmpegError, RuntimeError) as error:
            if device is not None:
                raise BadFile(f"it cannot be decoded by {device} ({_plain(error)})", stage) from error
            if not isinstance(error, av.FFmpegError):
                raise
            raise BadFile(_why_unreadable(file, size, error), stage) from error
        with container:
            stream = _choose(container, stage)
            for other in container.streams:
                if other.index != stream.index:
                    other.discard = Discard.all
            stream.codec_context.thread_count = threads
            stream.codec_context.thread_type = "AUTO"
            stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
            yield Source(path, container, stream, size)


@contextmanager
def readable(path: str, stage: str) -> Iterator[tuple[RawIOBase, int]]:
    """Opens a regular file or a URL for unbuffered reading: (file, bytes). Its and FFmpeg's errors become MediaErrors.

    A name given by its exact bytes (``os.fsdecode``) opens. Anything but a regular file is refused unopened: opening
    a pipe would wait for its writer.
    """
    try:
        if is_remote(path):
            with open_remote(path, stage) as remote:
                yield remote, remote.size
            return
        status = Path(path).stat()
        if stat.S_ISDIR(status.st_mode):
            raise NoAccess(_NO_ACCESS[errno.EISDIR], stage)
        if not stat.S_ISREG(status.st_mode):
            raise NoAccess("it is a pipe, a socket or a device, not a file", stage)
        # From a descriptor, so that the file object knows no name that PyAV could hand on.
        with _File(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)), "rb") as file:
            yield file, status.st_size
    except MemoryError as error:
        raise OutOfResources("memory ran out", stage) from error
    except av.FFmpegError as error:
        raise BadFile(f"its content is damaged ({_plain(error)})", stage) from error
    except OSError as error:
        raise access_error(error, stage) from error


def _is_ts(content: bytes) -> bool:
    """Is this the whole of a short MPEG transport stream?"""
    return len(content) % _TS_PACKET == 0 and set(content[::_TS_PACKET]) == {0x47}


def access_error(error: OSError, stage: str) -> MediaError:
    """What the operating system refused, as NoAccess or, where it had nothing left to give, OutOfResources."""
    if error.errno in _EXHAUSTED:
        return OutOfResources(f"the system is out of resources ({_plain(error)})", stage)
    return NoAccess(_NO_ACCESS.get(error.errno or 0, f"it cannot be read ({_plain(error)})"), stage)


def _plain(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).strip().lower()


def _choose(container: InputContainer, stage: str) -> av.VideoStream:
    pictures = Disposition.attached_pic | Disposition.timed_thumbnails
    streams = [stream for stream in container.streams.video if not stream.disposition & pictures]
    if not streams:
        what = "sound" if container.streams.audio else "no stream that is read here"
        cover = " and a cover picture" if container.streams.video else ""
        raise BadFile(f"it has no video: {what}{cover} only", stage)
    decodable = [stream for stream in streams if stream.codec_context is not None]
    if not decodable:
        raise BadFile("its video codec is not known to FFmpeg", stage)
    stream = max(decodable, key=lambda stream: (stream.width * stream.height, -stream.index))
    if not stream.width or not stream.height:
        raise BadFile("no picture size can be told from its beginning: it is damaged, or too large", stage)
    if stream.width * stream.height > MAX_PIXELS:
        raise BadFile(f"it claims pictures of {stream.width} x {stream.height}: more than {MAX_PIXELS} pixels", stage)
    return stream


def _why_unreadable(file: RawIOBase, size: int, error: av.FFmpegError) -> str:
    """The reason behind FFmpeg's "invalid data", from a look at the first bytes."""
    file.seek(0)
    head = file.read(4096)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(_POINTERS) or (text.startswith(b"<?xml") and b"<mpd" in text):
        return "it is a playlist: it points at other files and holds no video itself"
    if text.startswith((b"<!doctype html", b"<html")):
        return "it is a web page, not a video: a failed download perhaps"
    if not head.strip(b"\0"):
        return "it begins with nothing but zeros: an unfinished download perhaps"
    if head[4:8] == b"ftyp" and b"moov" not in _boxes(file, size):
        return "it is cut off or unfinished: the index (moov) of this MP4 or MOV is missing"
    if isinstance(error, av.ArgumentError):
        return "its format is none that is accepted as a video"
    if all(byte >= 32 or byte in b"\t\n\r\f" for byte in head):
        return "it is a text, not a video"
    return f"it is not a video, or its beginning is damaged ({_plain(error)})"


def _boxes(file: RawIOBase, size: int) -> set[bytes]:
    """The types of the top-level boxes of an MP4 or MOV that begin within the file (ISO/IEC 14496-12, 4.2)."""
    kinds: set[bytes] = set()
    at = 0
    while at + 8 <= size and len(kinds) < 1000:
        file.seek(at)
        header = file.read(16)
        length = int.from_bytes(header[:4])
        if length == 1:
            length = int.from_bytes(header[8:16])
        kinds.add(header[4:8])
        if length < 8:  # 0: up to the end of the file
            break
        at += length
    return kinds
