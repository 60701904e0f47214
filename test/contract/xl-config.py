# Reads an xl configuration from stdin with Xen's own parser (tools/libs/util) and prints the PCI functions that it gives.
# With --has it only tells, by its exit code, whether there is that parser.
import ctypes
import ctypes.util
import sys

library = ctypes.util.find_library("xlutil")
if "--has" in sys.argv or library is None:
    sys.exit(0 if library else "libxlutil (Debian: libxenmisc4.17) is not installed")
xlu = ctypes.CDLL(library)
pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
xlu.xlu_cfg_init.restype, xlu.xlu_cfg_init.argtypes = pointer, [pointer, text]
xlu.xlu_cfg_readdata.argtypes = [pointer, text, number]
xlu.xlu_cfg_get_list.argtypes = [pointer, text, pointer, pointer, number]
xlu.xlu_cfg_get_listitem.restype, xlu.xlu_cfg_get_listitem.argtypes = text, [pointer, number]
xlu.xlu_pci_parse_bdf.argtypes = [pointer, pointer, text]


class DevicePci(ctypes.Structure):
    """The beginning of libxl_device_pci, and room for the rest."""

    _fields_ = [
        ("func", ctypes.c_uint8),
        ("dev", ctypes.c_uint8),
        ("bus", ctypes.c_uint8),
        ("domain", ctypes.c_int),
        ("rest", ctypes.c_uint8 * 4096),
    ]


config = xlu.xlu_cfg_init(pointer.in_dll(ctypes.CDLL(None), "stderr"), b"snippet")
given = sys.stdin.buffer.read()
if xlu.xlu_cfg_readdata(config, given, len(given)) != 0:
    sys.exit(1)
functions, count = pointer(), number()
if xlu.xlu_cfg_get_list(config, b"pci", ctypes.byref(functions), ctypes.byref(count), 0) != 0:
    sys.exit("it lists no pci")
for n in range(count.value):
    item = xlu.xlu_cfg_get_listitem(functions, n)
    pci = DevicePci()
    if xlu.xlu_pci_parse_bdf(config, ctypes.byref(pci), item) != 0:
        sys.exit(f"{item.decode()} is no PCI function")
    print(f"{pci.domain:04x}:{pci.bus:02x}:{pci.dev:02x}.{pci.func:x}")
