"""What a script of python3-libvirt does with a domain, from its definition to its end, each step with what it brought.

usage: libvirt-session.py URI DOMAIN_XML DISK_IMAGE
Prints a JSON list of [step, outcome]. A refusal's outcome is its code, the part of libvirt it is from, and its text.
"""

import json
import sys
import threading

import libvirt

URI, DOMAIN_XML, DISK = sys.argv[1:4]
UUID = "5f0b5c1e-7d3a-4f6f-9a53-0f6a7b6f3c22"
OTHER_UUID = "6f0b5c1e-7d3a-4f6f-9a53-0f6a7b6f3c22"
NAMESPACE = "https://scheduler.example/1"
PATIENCE_SECONDS = 30

outcomes = []


def step(name, act):
    try:
        outcomes.append([name, act()])
    except libvirt.libvirtError as error:
        outcomes.append([name, [error.get_error_code(), error.get_error_domain(), error.get_error_message()]])


libvirt.registerErrorHandler(lambda _context, _error: None, None)
libvirt.virEventRegisterDefaultImpl()


def loop():
    while True:
        libvirt.virEventRunDefaultImpl()


threading.Thread(target=loop, daemon=True).start()
connection = libvirt.open(URI)
events = []
last = threading.Event()


def on_event(_connection, domain, event, detail, _context):
    # A QEMU that is killed may have the time to say that it goes down, or not.
    if event == libvirt.VIR_DOMAIN_EVENT_SHUTDOWN and detail == libvirt.VIR_DOMAIN_EVENT_SHUTDOWN_HOST:
        return
    events.append([domain.name(), event, detail])
    if domain.name() == "passing" and event == libvirt.VIR_DOMAIN_EVENT_STOPPED:
        last.set()


connection.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, on_event, None)

step("type", connection.getType)
step("alive", connection.isAlive)
step("no domains", lambda: [domain.name() for domain in connection.listAllDomains()])
step("unknown name", lambda: connection.lookupByName("nobody"))
step("unknown uuid", lambda: connection.lookupByUUIDString(OTHER_UUID))
step("unknown id", lambda: connection.lookupByID(4711))
step("unknown device", lambda: connection.nodeDeviceLookupByName("pci_nowhere"))
step("xml of something else", lambda: connection.defineXML("<network/>").name())
step("xml without a name", lambda: connection.defineXML("<domain type='qemu'><memory>1</memory></domain>").name())

domain = connection.defineXML(DOMAIN_XML)
step("defined", lambda: [domain.name(), domain.UUIDString(), domain.ID(), domain.isActive(), domain.isPersistent()])
step("state when off", domain.state)
step("info when off", domain.info)
step("listed when off", lambda: [connection.listDefinedDomains(), connection.listDomainsID(), connection.numOfDomains()])
step("autostart", lambda: [domain.autostart(), domain.setAutostart(1), domain.autostart(), domain.setAutostart(0)])
step("title", lambda: domain.metadata(libvirt.VIR_DOMAIN_METADATA_TITLE, None))
step(
    "set title",
    lambda: [
        domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, "a desk", None, None, libvirt.VIR_DOMAIN_AFFECT_CONFIG),
        domain.metadata(libvirt.VIR_DOMAIN_METADATA_TITLE, None),
    ],
)
step("no metadata", lambda: domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, NAMESPACE))
step(
    "set metadata",
    lambda: [
        domain.setMetadata(
            libvirt.VIR_DOMAIN_METADATA_ELEMENT, "<owner id='7'/>", "s", NAMESPACE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
        ),
        domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, NAMESPACE),
    ],
)
step("shutdown when off", domain.shutdown)
step("destroy when off", domain.destroy)
step("suspend when off", domain.suspend)
step("memory when off", domain.memoryStats)
step("disk when off", lambda: domain.blockStats("vda"))
step("live metadata when off", lambda: domain.metadata(0, None, libvirt.VIR_DOMAIN_AFFECT_LIVE))
step("another of the name", lambda: connection.defineXML(DOMAIN_XML.replace(UUID, OTHER_UUID)).name())
step("another of the uuid", lambda: connection.defineXML(DOMAIN_XML.replace("session", "other")).name())

step("start, paused", lambda: domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED))
step("state when paused", domain.state)
step("start again", domain.create)
step("resume", lambda: [domain.resume(), domain.state()])
step("suspend", lambda: [domain.suspend(), domain.state()])
step("listed when on", lambda: [len(connection.listDomainsID()), connection.listDefinedDomains(), domain.isActive()])
step("info when on", lambda: domain.info()[:4])
step("vcpus", lambda: [domain.maxVcpus(), domain.vcpusFlags(), domain.maxMemory(), len(domain.vcpus()[0])])
step("memory", lambda: sorted(set(domain.memoryStats()) & {"actual", "rss"}))
step("disk", lambda: [value >= 0 for value in domain.blockStats("vda")[:4]])
step("disk by path", lambda: [value >= 0 for value in domain.blockStats(DISK)[:4]])
step("unknown disk", lambda: domain.blockStats("vdz"))
step("interface", lambda: [value >= 0 for value in domain.interfaceStats("vgpudtest1")])
step("unknown interface", lambda: domain.interfaceStats("nowhere0"))
step("job", lambda: domain.jobInfo()[0])
step("control", domain.controlInfo)
step(
    "bulk statistics",
    lambda: [
        sorted(set(record) & {"state.state", "cpu.time", "balloon.current", "vcpu.current", "net.0.name", "block.0.name"})
        for _domain, record in connection.getAllDomainStats()
    ],
)
step("redefine when on", lambda: [connection.defineXML(DOMAIN_XML).ID() > 0, domain.isUpdated()])
step("undefine when on", lambda: [domain.undefine(), domain.isPersistent(), domain.isActive()])
step("autostart of a transient one", lambda: domain.setAutostart(1))
step("destroy a transient one", domain.destroy)
step("gone", domain.state)

PASSING = DOMAIN_XML.replace("session", "passing").replace(UUID, OTHER_UUID)
passing = connection.createXML(PASSING, libvirt.VIR_DOMAIN_START_PAUSED)
step("transient", lambda: [passing.name(), passing.isPersistent(), passing.state()])
step("the same again", lambda: connection.createXML(PASSING).name())
step("no definition", lambda: passing.metadata(0, None, libvirt.VIR_DOMAIN_AFFECT_CONFIG))
step("destroy it", passing.destroy)
step("heard of its end", lambda: last.wait(PATIENCE_SECONDS))
step("no domains again", lambda: [each.name() for each in connection.listAllDomains()])
step("events", lambda: events)
print(json.dumps(outcomes))
