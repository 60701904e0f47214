// A line that makes a domain, for tests of what comes of it.

/** Complete but for what is to boot. */
export const SIZED = ["create", "web-2", "--type", "V5_4", "--vcpus", "2", "--memory", "2048"];
export const CREATE = [...SIZED, "--kernel", "/k"];
