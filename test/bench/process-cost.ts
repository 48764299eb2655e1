// What a server that is no process of ours takes, read from /proc: the process and everything below it.

import { readFileSync, readdirSync } from 'node:fs';
import type { Took } from './cell.js';

/** Linux counts CPU time in ticks of 10 ms, whatever its clock does (USER_HZ, proc(5)). */
const TICK_MS = 10;
const KIB = 1_024;

interface Stat {
  readonly parent: number;
  readonly cpuMs: number;
}

function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program is in brackets and may hold anything; what counts begins behind it, with field 3.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(fields[1]), cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS };
  } catch {
    return undefined;
  }
}

function rssBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * KIB;
  } catch {
    return 0;
  }
}

/** CPU since its start and memory now, of this process and its descendants; undefined where there is no /proc. */
export function costOf(pid: number): Took | undefined {
  if (statOf(pid) === undefined) return undefined;
  const stats = new Map<number, Stat>();
  for (const entry of readdirSync('/proc')) {
    const stat = /^\d+$/.test(entry) ? statOf(Number(entry)) : undefined;
    if (stat !== undefined) stats.set(Number(entry), stat);
  }
  const family = [pid];
  for (const member of family) for (const [child, { parent }] of stats) if (parent === member) family.push(child);
  return {
    cpuMs: family.reduce((sum, member) => sum + (stats.get(member)?.cpuMs ?? 0), 0),
    rssBytes: family.reduce((sum, member) => sum + rssBytes(member), 0),
  };
}

/** What it took between two looks; undefined when one of them saw nothing. */
export function costBetween(before: Took | undefined, after: Took | undefined): Took | undefined {
  if (before === undefined || after === undefined) return undefined;
  return { cpuMs: after.cpuMs - before.cpuMs, rssBytes: after.rssBytes };
}
