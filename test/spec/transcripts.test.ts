// Every transcript of this folder is played against the broker machine and must give the answers that it shows.
//
// UPDATE_TRANSCRIPTS=1 writes the answers into the files; read the difference before you believe it.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkInvariants } from './invariants.js';
import { Transcript } from './transcript.js';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** A block: what is done, and what is answered. Comments stay where they are. */
interface Block {
  readonly comments: string[];
  readonly steps: string[];
  readonly answers: string[];
}

function parse(text: string): { title: string; blocks: Block[] } {
  const paragraphs = text.trimEnd().split(/\n\n+/);
  const blocks: Block[] = [];
  let title = '';
  for (const paragraph of paragraphs) {
    const lines = paragraph.split('\n');
    const comments = lines.filter((line) => line.startsWith('#'));
    if (title === '') title = comments[0]?.slice(2) ?? '';
    const rest = lines.filter((line) => !line.startsWith('#'));
    const bar = rest.indexOf('----');
    blocks.push({
      comments,
      steps: bar < 0 ? rest : rest.slice(0, bar),
      answers: bar < 0 ? [] : rest.slice(bar + 1),
    });
  }
  return { title, blocks };
}

const files = readdirSync(folder)
  .filter((name) => name.endsWith('.txt'))
  .sort();

describe('transcripts', () => {
  test.each(files)('%s', (name) => {
    const { title, blocks } = parse(readFileSync(folder + name, 'utf8'));
    expect(title).not.toBe('');
    const transcript = new Transcript();
    const played = blocks.map((block) => {
      const answers = transcript.play(block.steps);
      checkInvariants(transcript.broker);
      return { ...block, answers };
    });
    if (process.env['UPDATE_TRANSCRIPTS'] === '1') {
      const text = played.map(({ comments, steps, answers }) =>
        [...comments, ...steps, ...(steps.length > 0 ? ['----', ...answers] : [])].join('\n'),
      );
      writeFileSync(folder + name, `${text.join('\n\n')}\n`);
      return;
    }
    for (const [index, block] of blocks.entries()) {
      expect({ after: block.steps, answers: played[index]?.answers }).toEqual({
        after: block.steps,
        answers: block.answers,
      });
    }
  });
});
