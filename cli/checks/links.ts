import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';

const PAGES = '{*,docs/*,clients/*/*,{deploy,cli,gateway,subgraphs,llm,retrieval,platform,examples}/**/*}.md';
const LINK = /\]\((?!https?:|mailto:|#)([^)\s#]+)[^)]*\)/g;

/** Returns the links of the project's pages that lead to files that are not there. */
export function brokenLinks(root: string): string[] {
  return globSync(PAGES, { cwd: root })
    .sort()
    .flatMap((page) => {
      const folder = path.dirname(page);
      const targets = [...readFileSync(path.join(root, page), 'utf8').matchAll(LINK)].map(([, target]) => target!);
      const paths = targets.map((target) => path.join(folder, decodeURI(target)));
      return paths.filter((target) => !existsSync(path.join(root, target))).map((target) => `${page} names ${target}`);
    });
}
