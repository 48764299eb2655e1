// What a process runs out of when it opens many links: file descriptors, and sockets of libzmq. Says which, and watches the first.

import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { MajordomoError } from '@majordomo/protocol';
import type { Cancel, Clock } from './clock.js';

/** Are these the codes of a process, or a system, that has none left? */
export function isExhaustion(code: string): boolean {
  return code === 'EMFILE' || code === 'ENFILE';
}

/** @returns whether this process can open a file now. */
export function hasDescriptors(): boolean {
  try {
    closeSync(openSync(devNull, 'r'));
    return true;
  } catch (error) {
    return !isExhaustion((error as NodeJS.ErrnoException).code ?? '');
  }
}

const NO_DESCRIPTORS =
  'this process has no file descriptors left. Close what is not needed, or raise its limit (ulimit -n, LimitNOFILE)';
const NO_SOCKETS =
  'this process has no sockets of libzmq left. Close clients that are not needed; where other code uses zeromq too, let it set context.maxSockets first';

/** @returns the error for a socket that could not be opened, with its true cause. */
export function exhausted(cause: unknown): MajordomoError {
  const hasFiles = hasDescriptors();
  return new MajordomoError('RESOURCE_EXHAUSTED', hasFiles ? NO_SOCKETS : NO_DESCRIPTORS, {
    details: { resource: hasFiles ? 'sockets' : 'descriptors' },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** How often it is tried whether a file can be opened, in ms: a system call of 5 µs. */
const LOOK_MS = 1_000;
/** While there are none, it is said again no sooner than this, in ms. */
const SAY_AGAIN_MS = 60_000;

export interface DescriptorWatchOptions {
  readonly clock: Pick<Clock, 'setTimer' | 'now'>;
  /** Can this process open a file now? */
  readonly hasDescriptors: () => boolean;
  /** There are none. Called at most once a minute. */
  readonly onExhausted: () => void;
}

/** Looks once a second, from `start` to `stop`. A listening process without descriptors refuses new peers and nobody else notices. */
export class DescriptorWatch {
  readonly #options: DescriptorWatchOptions;
  #cancel: Cancel | undefined;
  #saidAt = -Infinity;

  constructor(options: DescriptorWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#cancel = this.#options.clock.setTimer(LOOK_MS, () => this.#look());
  }

  stop(): void {
    this.#cancel?.();
  }

  #look(): void {
    const { clock, hasDescriptors: has, onExhausted } = this.#options;
    this.start();
    const now = clock.now();
    if (has() || now - this.#saidAt < SAY_AGAIN_MS) return;
    this.#saidAt = now;
    onExhausted();
  }
}
