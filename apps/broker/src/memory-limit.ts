// How many bytes a broker may use when nobody says: a share of what its process may have.

import { totalmem } from 'node:os';
import process from 'node:process';
import { getHeapStatistics } from 'node:v8';

const MIB = 1024 ** 2;

/** The collector needs room beside what is alive: near its limit it runs all the time. */
const HEAP_SHARE = 1 / 2;
/** Bodies are outside of the heap. Sockets, the pages of the journal and other processes have the rest. */
const MACHINE_SHARE = 1 / 4;

/** @returns half of the limit of the heap, or a quarter of the memory of the machine or the container when that is less. In whole MiB. */
export function memoryBytesDefault(): number {
  const heapBytes = getHeapStatistics().heap_size_limit;
  // 0 or a number without meaning where no container sets a limit.
  const containerBytes = process.constrainedMemory() || Infinity;
  const machineBytes = Math.min(totalmem(), containerBytes);
  return Math.floor(Math.min(heapBytes * HEAP_SHARE, machineBytes * MACHINE_SHARE) / MIB) * MIB;
}
