// What waited for the journal to be read goes the way it would have gone at once (deferring.ts).

import { Kind, type Milliseconds } from '@majordomo/protocol';
import { placeRequest } from './clients.js';
import type { Deferral } from './deferrals.js';
import { takeDecidable } from './deferring.js';
import type { Memory } from './memory.js';
import { placeSubmission } from './submitting.js';

/** Entries have been read: takes up everything that waited for them. */
export function resumeDeferred(memory: Memory, now: Milliseconds): void {
  for (const deferral of takeDecidable(memory)) resume(memory, deferral, now);
}

function resume(memory: Memory, { session, name, record, since }: Deferral, now: Milliseconds): void {
  const waitedMs = now - since;
  const ageMs = record.ageMs === 0 ? 0 : record.ageMs + waitedMs;
  if (record.kind === Kind.submit) placeSubmission(memory, session, name, { ...record, ageMs }, now);
  else {
    const timeLeftMs = record.timeLeftMs === 0 ? 0 : Math.max(1, record.timeLeftMs - waitedMs);
    placeRequest(memory, session, name, { ...record, ageMs, timeLeftMs }, now);
  }
}
