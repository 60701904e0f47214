// Where vgpud's socket for changes is on a host that has the package.

export const DEFAULT_SOCKET = "/run/vgpud/vgpud.sock";
