// Can other machines reach this endpoint?

const LOOPBACK = /^tcp:\/\/(?:127(?:\.\d+){3}|localhost|\[::1\]):/i;

/** Is it reachable from this machine only? */
export function isLoopback(endpoint: string): boolean {
  return !endpoint.startsWith('tcp:') || LOOPBACK.test(endpoint);
}
