// What the broker itself answers to MDP clients: RFC 8, and a little more.

import type { Bytes, Milliseconds } from '@majordomo/protocol';
import { INTROSPECTION } from '../introspection.js';
import type { Memory } from '../memory.js';
import { isServed, nameOf } from './names.js';

/** @returns the frames of the reply: a status for `mmi.service`, JSON for the lists, 501 for what is not known. */
export function answerMmi(memory: Memory, name: string, body: readonly Bytes[], now: Milliseconds): Bytes[] {
  switch (name) {
    case 'mmi.service': {
      const wanted = body[0] === undefined ? undefined : nameOf(body[0]);
      return [Buffer.from(wanted !== undefined && isServed(memory, wanted) ? '200' : '404')];
    }
    case 'mmi.services':
    case 'mmi.workers':
      return [Buffer.from(JSON.stringify(INTROSPECTION[name.slice('mmi.'.length)]?.(memory, now)))];
    default:
      return [Buffer.from('501')];
  }
}
