// The latest kernel whose sources the tables of platforms, drivers and their parameters were read from, as `uname -r` begins.

export const LATEST_KERNEL = "7.1";
