"""A file system (FUSE) that passes everything on to another directory and fails, or waits, where it is told to.

    faulty-disk.py BACKING MOUNTPOINT FAULTS [OPTION]

FAULTS is a file of JSON that is read at every operation: {"fail": ["fsync", ...], "errno": 5, "delay": ["fsync"], "seconds": 1}.
OPTION is one of FUSE's own, as kernel_cache.
"""

import errno
import json
import os
import sys
import threading
import time

from fusepy import FUSE, FuseOSError, Operations

BACKING, MOUNTPOINT, FAULTS, *OPTIONS = sys.argv[1:]


def faults():
    """What FAULTS says now."""
    try:
        with open(FAULTS, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def fault(operation):
    """Does what FAULTS says of the operation, before it is done. A wait ends when it is said no more."""
    told = faults()
    until = time.monotonic() + told.get("seconds", 0)
    while operation in told.get("delay", []) and time.monotonic() < until:
        time.sleep(0.05)
        told = faults()
    if operation in told.get("fail", []):
        raise FuseOSError(told["errno"])


class FaultyDisk(Operations):
    """Files are known by their descriptors, folders by their paths."""

    def __init__(self):
        self.mutex = threading.Lock()

    def __call__(self, operation, path, *args):
        # "/" of the mountpoint is BACKING; whatever fails there fails here alike.
        try:
            fault(operation)
            return super().__call__(operation, BACKING + path, *args)
        except FuseOSError:
            raise
        except OSError as error:
            raise FuseOSError(error.errno or errno.EIO) from error

    def getattr(self, path, fh=None):
        stat = os.lstat(path)
        names = ("st_atime", "st_ctime", "st_gid", "st_ino", "st_mode", "st_mtime", "st_nlink", "st_size", "st_uid")
        return {name: getattr(stat, name) for name in names}

    def readdir(self, path, fh):
        return [".", "..", *os.listdir(path)]

    def statfs(self, path):
        stat = os.statvfs(path)
        names = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_favail", "f_ffree", "f_files", "f_frsize", "f_namemax")
        return {name: getattr(stat, name) for name in names}

    def open(self, path, flags):
        return os.open(path, flags)

    def create(self, path, mode, fi=None):
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, mode)

    def read(self, path, size, offset, fh):
        with self.mutex:
            os.lseek(fh, offset, os.SEEK_SET)
            return os.read(fh, size)

    def write(self, path, data, offset, fh):
        with self.mutex:
            os.lseek(fh, offset, os.SEEK_SET)
            return os.write(fh, data)

    def truncate(self, path, length, fh=None):
        os.truncate(path if fh is None else fh, length)

    def flush(self, path, fh):
        return 0

    def release(self, path, fh):
        os.close(fh)

    def fsync(self, path, datasync, fh):
        os.fsync(fh)

    def fsyncdir(self, path, datasync, fh):
        folder = os.open(path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def rename(self, old, new):
        os.rename(old, BACKING + new)

    def unlink(self, path):
        os.unlink(path)

    def mkdir(self, path, mode):
        os.mkdir(path, mode)

    def rmdir(self, path):
        os.rmdir(path)

    def chmod(self, path, mode):
        os.chmod(path, mode)


# Its own name in /proc/mounts, for the test that waits for the mount. Nothing is remembered for a while: who reads a file that
# has just taken the place of another must not be told the other's size.
FUSE(
    FaultyDisk(),
    MOUNTPOINT,
    foreground=True,
    fsname="faulty-disk",
    nonempty=True,
    attr_timeout=0,
    entry_timeout=0,
    **dict.fromkeys(OPTIONS, True),
)
