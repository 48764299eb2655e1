// All runs in their order: round by round, so that whatever else the machine does hits all systems alike.

import type { Listing } from './catalogue.js';
import type { Cell } from './cell.js';
import { rowOf, type Outcome, type Row } from './rows.js';
import type { RunInit } from './run.js';
import type { Absence, Server } from './servers.js';

/** A system that is to run, with its server if it has one; or the reason why it cannot. */
export interface Candidate {
  readonly listing: Listing;
  readonly server: Server | undefined;
  readonly absence: Absence | undefined;
}

export interface Plan {
  readonly candidates: readonly Candidate[];
  readonly cells: readonly Cell[];
  readonly rounds: number;
  readonly measureMs: number;
  readonly warmUpMs: number;
}

/** What happens while it runs. */
export interface Step {
  readonly round: number;
  readonly cell: string;
  readonly system: string;
  /** Runs that are over, and all that there will be. */
  readonly done: number;
  readonly total: number;
}

interface Entry {
  readonly cell: Cell;
  readonly candidate: Candidate;
  readonly outcomes: Outcome[];
}

/** Runs it all and gives the rows, cell by cell. `run` does one run; `tell` is called before each. A run that fails is a failure of its row only. */
export async function runRounds(
  plan: Plan,
  run: (init: RunInit) => Promise<Extract<Outcome, { run: unknown }>['run']>,
  tell: (step: Step) => void,
): Promise<Row[]> {
  const entries: Entry[] = plan.cells.flatMap((cell) =>
    plan.candidates
      .filter(({ listing }) => listing.works.includes(cell.work))
      .map((candidate) => ({ cell, candidate, outcomes: [] })),
  );
  const able = entries.filter(({ candidate }) => candidate.absence === undefined);
  let done = 0;
  for (let round = 1; round <= plan.rounds; round++) {
    for (const { cell, candidate, outcomes } of able) {
      const { listing, server } = candidate;
      tell({ round, cell: cell.name, system: listing.name, done, total: able.length * plan.rounds });
      const { measureMs, warmUpMs } = plan;
      outcomes.push(
        await run({ listing, cell, server, measureMs, warmUpMs }).then(
          (result): Outcome => ({ run: result }),
          (error: unknown): Outcome => ({ failure: error instanceof Error ? error.message : String(error) }),
        ),
      );
      done += 1;
    }
  }
  return entries.map(({ cell, candidate, outcomes }): Row => {
    const name = { cell: cell.name, system: candidate.listing.name };
    const { absence } = candidate;
    return absence === undefined ? rowOf(name, outcomes) : { ...name, status: 'not installed', reason: absence.reason };
  });
}
