/*
 * Lets libvirtd believe that it may raise the limit of locked memory, as it does for a domain with a slice. In a container
 * root often may not (CAP_SYS_RESOURCE), and no guest of a benchmark has a device that would need pinned memory.
 */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int prlimit64(pid_t pid, enum __rlimit_resource resource, const struct rlimit64 *wanted, struct rlimit64 *before)
{
	if (resource == RLIMIT_MEMLOCK && wanted != NULL)
		return 0;
	return (int)syscall(SYS_prlimit64, pid, resource, wanted, before);
}

int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *wanted)
{
	return prlimit64(0, resource, wanted, NULL);
}
