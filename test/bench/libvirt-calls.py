# The calls to libvirt that stand behind CreateDomain, made by libvirt's own binding. A JSON line in, a JSON line out.
# {"create": XML}: looks at what there is, defines (held against the schema), starts, looks again -> {"ms": wall time}
# {"xml": NAME}: a domain's definition -> {"xml": XML}; {"destroy": NAME} -> {}
import json
import sys
import time

import libvirt

connection = libvirt.open(sys.argv[1])


def look():
    return [(domain.state(), domain.XMLDesc()) for domain in connection.listAllDomains()]


def answer(question):
    if "create" in question:
        begun = time.perf_counter()
        look()
        connection.defineXMLFlags(question["create"], libvirt.VIR_DOMAIN_DEFINE_VALIDATE).create()
        look()
        return {"ms": (time.perf_counter() - begun) * 1000}
    if "xml" in question:
        return {"xml": connection.lookupByName(question["xml"]).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)}
    domain = connection.lookupByName(question["destroy"])
    domain.destroy()
    domain.undefine()
    return {}


print(json.dumps({}), flush=True)
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
