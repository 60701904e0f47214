/* SPDX-License-Identifier: GPL-2.0 */
/* The folder that i915 built outside of the kernel gives its card for SR-IOV. */
#ifndef FIXTURE_I915_IOV_H
#define FIXTURE_I915_IOV_H

struct kobject;
struct iov;

struct iov *iov_add(struct kobject *card, unsigned int vfs);
void iov_remove(struct iov *iov);

#endif
