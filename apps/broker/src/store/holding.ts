// One broker per folder: who has it, and is that one still there?
//
// H1. Whether anybody else has the environment open is asked of LMDB's lock file. Its lock is the system's own: it goes with the process,
//     however that ends, and holds between containers that share the folder. Whoever opens it alone begins with no readers; from then on
//     every opener leaves its mark there, another of this process too.
// H2. Who it is stands in the journal, and is read and written in one transaction, of which there is one at a time over all processes.
// H3. Whoever has written its name leaves its mark and looks once more: of two that come at the same time the later name holds.

import { hostname } from 'node:os';
import { MajordomoError } from '@majordomo/protocol';
import { randomInstance } from '@majordomo/runtime';
import type { RootDatabase } from 'lmdb';

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** A date, in ms since 1970. */
  readonly since: number;
  /** Tells it from another of the same process number. */
  readonly token: number;
}

const HOLDER = 'holder';

export class Holding {
  readonly #holder: Holder;

  /** @param since the date now, in ms since 1970. */
  constructor(since: number) {
    this.#holder = { pid: process.pid, host: hostname(), since, token: randomInstance() };
  }

  /** H2, H3. @throws MajordomoError INVALID_OPTION when another has it. */
  enter(root: RootDatabase<Buffer, string>): void {
    root.transactionSync(() => {
      const found = read(root);
      const { numReaders } = root.getStats() as { readonly numReaders: number };
      if (found !== undefined && numReaders > 0 && mayLive(found)) throw taken(found);
      void root.put(HOLDER, Buffer.from(JSON.stringify(this.#holder)));
    });
    const holder = read(root);
    if (holder?.token !== this.#holder.token) throw taken(holder ?? this.#holder);
  }

  /** It is free again. Should the name stay, it is one without a mark. */
  async leave(root: RootDatabase<Buffer, string>): Promise<void> {
    await root.remove(HOLDER).catch(() => undefined);
  }
}

function read(root: RootDatabase<Buffer, string>): Holder | undefined {
  const bytes = root.get(HOLDER);
  try {
    return bytes === undefined ? undefined : (JSON.parse(bytes.toString()) as Holder);
  } catch {
    return undefined;
  }
}

/** False only for a process of this host that is gone: then it is a reader, a backup say, that left its mark. */
function mayLive({ pid, host }: Holder): boolean {
  if (host !== hostname()) return true;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function taken({ pid, host, since }: Holder): MajordomoError {
  const who = pid === process.pid && host === hostname() ? 'this process' : `process ${pid} on ${host}`;
  const message = `${who} has had it open since ${new Date(since).toISOString()}, and a journal is for one broker; end that one, or give this one a folder of its own`;
  return new MajordomoError('INVALID_OPTION', message, { details: { pid, host, since } });
}
