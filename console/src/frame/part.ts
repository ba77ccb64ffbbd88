import { type FunctionComponent, type LazyExoticComponent, lazy } from 'react';

/**
 * A component in a file of its own, which is loaded when it is shown first.
 *
 * @param load imports the file. What resolves to nothing is gone, and the page is loaded again: see reloadAfterUpgrade.
 */
export const part = <Name extends string, Properties>(
  load: () => Promise<{ readonly [name in Name]: FunctionComponent<Properties> } | undefined>,
  name: Name,
): LazyExoticComponent<FunctionComponent<Properties>> =>
  lazy(async () => {
    const file = await load();
    return file === undefined ? new Promise<never>(() => {}) : { default: file[name] };
  });
