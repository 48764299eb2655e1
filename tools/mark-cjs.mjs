// Marks each dist/cjs as CommonJS, because it lies inside a "type": "module" package and Node and TypeScript would take it for ESM.
//
// From the root of the repository it marks every package that has a dist/cjs; from inside a package, that one.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';

const roots = existsSync('nx.json')
  ? ['libs', 'apps'].flatMap((floor) => readdirSync(floor).map((name) => `${floor}/${name}/`))
  : [''];

for (const root of roots) {
  if (existsSync(`${root}dist/cjs`)) writeFileSync(`${root}dist/cjs/package.json`, '{ "type": "commonjs" }\n');
}
