// Tables of aligned columns.

import { textTable } from './text-table.js';

const plain = { bold: (text: string) => text, dim: (text: string) => text };

test('columns are as wide as their widest cell, numbers to the right, no spaces at the ends', () => {
  const table = textTable(
    [{ title: 'SERVICE' }, { title: 'QUEUED', align: 'right' }, { title: 'METHODS' }],
    [
      ['orders', '12', 'create'],
      ['a-longer-name', '1234567', ''],
    ],
    plain,
  );
  expect(table.split('\n')).toEqual([
    'SERVICE         QUEUED  METHODS',
    'orders              12  create',
    'a-longer-name  1234567',
  ]);
});

test('a name of a peer cannot move the cursor', () => {
  expect(textTable([{ title: 'WORKER' }], [['evil\u001b[2J\n']], plain)).toBe('WORKER\nevil�[2J�');
});
