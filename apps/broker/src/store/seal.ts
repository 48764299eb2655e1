// What makes a Titanic uuid unguessable: a digest of the ticket's number with the secret of the journal.

import { createHmac } from 'node:crypto';

/** 72 bits: with what is said of the ticket's number a uuid has 32 characters. */
const SEAL_DIGITS = 18;

/** @returns gives 18 hexadecimal digits for the number of a ticket, the same at every start of the journal, and not to be guessed without its secret. */
export function sealWith(secret: Uint8Array): (ticket: number) => string {
  return (ticket) => createHmac('sha256', secret).update(`titanic/${ticket}`).digest('hex').slice(0, SEAL_DIGITS);
}
