// majordomo demo: the main job in one command, with a count of what came of it.

import type { OptionTable } from '@majordomo/protocol';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { misplacedBroker } from '../command-line.js';
import { Performance } from '../demo/performance.js';
import { Story, summaryText } from '../demo/story.js';
import { EXIT_CODES, exitCodeOfSignal } from '../exit-codes.js';
import { jsonLine } from '../output/plain-json.js';
import { resolveSettings } from '../settings/settings.js';
import { UsageError } from '../settings/usage-error.js';
import type { CommandLine } from './command.js';

interface DemoSettings {
  readonly calls: number;
}

/** By flag only: nobody wants a demo to depend on the environment. With fewer calls it is over before a worker could be killed. */
const DEMO_TABLE: OptionTable<DemoSettings> = {
  calls: { type: 'count', fallback: 5_000, help: 'calls that are made', min: 200, max: 1_000_000 },
};

export async function demo(line: CommandLine): Promise<number> {
  const { screen, flags } = line;
  const { values, problems: wrong } = resolveSettings(DEMO_TABLE, { flags, variables: {}, file: undefined });
  const problems = [...line.problems, ...misplacedBroker(flags, 'the demo starts one of its own'), ...wrong];
  if (problems.length > 0) throw new UsageError(problems);
  const folder = mkdtempSync(join(tmpdir(), 'majordomo-demo-'));
  const play = new Performance({ calls: values.calls, folder, story: new Story(screen, values.calls) });
  const clear = (): void => {
    play.end();
    rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      clear();
      process.exit(exitCodeOfSignal(signal));
    });
  }
  try {
    const summary = await play.play();
    await screen.result(screen.json ? jsonLine(summary) : summaryText(summary, screen));
    return summary.lost + summary.answeredTwice === 0 ? EXIT_CODES.ok.code : EXIT_CODES.handlerFailed.code;
  } finally {
    clear();
  }
}
