/** The folder of the console, below the product's. */
export const CONSOLE = 'console';

/**
 * Returns the address at which the first administrator is made at the console.
 *
 * @param link the one-time link that auth made, which leads to a page without the console.
 */
export function firstRunLink(link: string, url: string): string {
  const token = new URL(link).searchParams.get('token') ?? '';
  return `${url}/first-run?token=${token}`;
}
