// Who it may be that speaks no protocol of ours: a sentence for the log, by which a person finds the program.

import type { Bytes } from '@majordomo/protocol';
import { shown } from '../peer-faults.js';

/** How much of a message is looked at. */
const FRAMES_MAX = 4;
const BYTES_MAX = 256;

const OTHER_DIALECT = /^MDP[CW][\x20-\x7e]{2}$/;
/** What libzmq leaves of them when it takes them for a ZeroMQ peer of before 2011. */
const HTTP = /HTTP\/\d|\r\n(?:Host|User-Agent|Accept|Connection): /i;

/** @returns what the sender of these frames probably is, and what is wrong with it. */
export function describeStranger(frames: readonly Bytes[]): string {
  const texts = frames
    .slice(0, FRAMES_MAX)
    .map((frame) => Buffer.from(frame.subarray(0, BYTES_MAX)).toString('latin1'));
  const dialect = texts.slice(0, 2).find((text) => OTHER_DIALECT.test(text));
  if (dialect !== undefined) {
    return `it speaks ${shown(dialect)}, another dialect of the Majordomo protocol; this broker serves MDPC01, MDPW01, MDPC02 and MDPW02`;
  }
  if (texts.some((text) => HTTP.test(text)))
    return 'it speaks HTTP: this endpoint is for ZeroMQ, not for browsers or HTTP health checks';
  if (texts[0] === '' && texts.length > 1) {
    return `a ZeroMQ REQ socket or one that writes like it, and ${shown(texts[1] as string)} is no header of the Majordomo protocol`;
  }
  return `${frames.length} frames that begin with ${shown(frames[0] as Bytes)}: neither the native protocol nor the Majordomo protocol`;
}
