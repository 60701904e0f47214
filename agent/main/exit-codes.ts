// How vgpud ends, in numbers of sysexits(3); systemd shows them by name.
export const EXIT = { usage: 64, unavailable: 69, software: 70, config: 78 } as const;
