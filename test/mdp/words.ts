// What peers of either version say and hear, so that a rule of both specifications is asked of both.

export type Version = '0.1' | '0.2';
export const VERSIONS: readonly Version[] = ['0.1', '0.2'];
/** Where a version is specified. */
export const RFC: Readonly<Record<Version, string>> = { '0.1': 'RFC 7', '0.2': 'RFC 18' };

/** Lines in the notation of notation.ts, without the name of who says or hears them. */
export interface Words {
  request(service: string, ...body: readonly string[]): string;
  /** The one reply, or the last part of it. */
  reply(service: string, ...body: readonly string[]): string;
  ready(service: string): string;
  dispatch(lease: number, ...body: readonly string[]): string;
  answer(lease: number, ...body: readonly string[]): string;
  readonly heartbeat: string;
  readonly disconnect: string;
}

const line = (...frames: readonly string[]): string => frames.join(' | ');

export const WORDS: Readonly<Record<Version, Words>> = {
  '0.1': {
    request: (service, ...body) => line("''", 'MDPC01', service, ...body),
    reply: (service, ...body) => line("''", 'MDPC01', service, ...body),
    ready: (service) => line("''", 'MDPW01', '01', service),
    dispatch: (lease, ...body) => line("''", 'MDPW01', '02', `#${lease}`, "''", ...body),
    answer: (lease, ...body) => line("''", 'MDPW01', '03', `#${lease}`, "''", ...body),
    heartbeat: line("''", 'MDPW01', '04'),
    disconnect: line("''", 'MDPW01', '05'),
  },
  '0.2': {
    request: (service, ...body) => line('MDPC02', '01', service, ...body),
    reply: (service, ...body) => line('MDPC02', '03', service, ...body),
    ready: (service) => line('MDPW02', '01', service),
    dispatch: (lease, ...body) => line('MDPW02', '02', `#${lease}`, "''", ...body),
    answer: (lease, ...body) => line('MDPW02', '04', `#${lease}`, "''", ...body),
    heartbeat: line('MDPW02', '05'),
    disconnect: line('MDPW02', '06'),
  },
};
