// One more who waits for the outcome of a request: for a ticket, or under an idempotency key. Its own timer is the end of its wait.

import { Timer, type Milliseconds } from '@majordomo/protocol';
import type { Asker, Request, Session } from './state.js';

/** Who asks, and until when. */
export interface JoinInit extends Asker {
  readonly deadline: Milliseconds;
}

export class Joined extends Timer implements Asker {
  readonly session: Session;
  readonly ref: number;

  constructor(
    { session, ref }: Asker,
    readonly request: Request,
  ) {
    super(undefined, 'joined');
    this.session = session;
    this.ref = ref;
  }
}
