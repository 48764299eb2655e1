// Waits until a TCP endpoint is free: libzmq closes a listening socket in another thread, and its own way of telling when needs two more sockets.

import { connect, type Socket } from 'node:net';
import type { Clock } from './clock.js';

/** Pauses between attempts, in ms, doubled from the first to the last. */
const PAUSE_FIRST_MS = 1;
const PAUSE_MAX_MS = 20;

const TCP = /^tcp:\/\/(.*):(\d+)$/;
const ANY: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]' };

function knock(host: string, port: number, withinMs: number): Promise<boolean> {
  return new Promise((settle) => {
    const socket: Socket = connect({ host, port, timeout: Math.max(1, withinMs) });
    const end = (isOpen: boolean): void => {
      socket.destroy();
      settle(isOpen);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(true));
    // A refusal, or no way to ask: there is nothing to wait for.
    socket.once('error', () => end(false));
  });
}

/**
 * @param endpoint where this process has just stopped listening; anything but TCP is free at once.
 * @returns settles when connections to it are refused, after `withinMs` at the latest: another process may listen there by now.
 */
export async function untilFree(endpoint: string, clock: Clock, withinMs: number): Promise<void> {
  const [, name = '', port] = TCP.exec(endpoint) ?? [];
  if (port === undefined) return;
  const host = (ANY[name] ?? name).replace(/^\[|\]$/g, '');
  const end = clock.now() + withinMs;
  let pauseMs = PAUSE_FIRST_MS;
  while (await knock(host, Number(port), end - clock.now())) {
    if (clock.now() >= end) return;
    await new Promise<void>((settle) => clock.setTimer(pauseMs, settle));
    pauseMs = Math.min(PAUSE_MAX_MS, 2 * pauseMs);
  }
}
