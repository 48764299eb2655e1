// The table of broken variants: each is switched on by itself, and each must be found.

import { BROKER_VARIANTS } from './of-brokers.js';
import { DISK_VARIANTS } from './of-disks.js';
import { WIRE_VARIANTS } from './of-wires.js';
import type { Variant } from './variant.js';

export type { Variant } from './variant.js';

export const VARIANTS: readonly Variant[] = [...DISK_VARIANTS, ...BROKER_VARIANTS, ...WIRE_VARIANTS];
