// Ordering keys: requests of one service under one key are done one after the other, in the order in which they were accepted.
//
// L1. The first of a lane goes on; the others wait here until it is settled, also through its retries and the loss of its workers.
// L2. A lane without members is not remembered.

import { List } from '@majordomo/protocol';
import type { Lane, Request } from './state.js';

/** @returns whether the request may go on at once; otherwise it waits for its turn. */
export function enterLane(lanes: Map<string, Lane>, request: Request): boolean {
  const { durable } = request;
  if (durable === undefined || durable.orderingKey === '') return true;
  const name = `${request.service}\n${durable.orderingKey}`;
  let lane = lanes.get(name);
  if (lane === undefined) {
    lane = { name, current: undefined, waiting: new List<Request>() };
    lanes.set(name, lane);
  }
  durable.lane = lane;
  if (lane.current === undefined) {
    lane.current = request;
    return true;
  }
  lane.waiting.pushBack(request);
  return false;
}

/** The request is settled. @returns the one whose turn it is now, if somebody waited for this. */
export function leaveLane(lanes: Map<string, Lane>, request: Request): Request | undefined {
  const lane = request.durable?.lane;
  if (request.durable === undefined || lane === undefined) return undefined;
  request.durable.lane = undefined;
  if (lane.current !== request) {
    lane.waiting.remove(request);
    return undefined;
  }
  lane.current = lane.waiting.shift();
  if (lane.current === undefined) lanes.delete(lane.name);
  return lane.current;
}

/** Is somebody else under way under its ordering key? */
export function isWaitingForTurn({ durable, list }: Request): boolean {
  return list !== undefined && (list as unknown) === durable?.lane?.waiting;
}
