import { expect, it } from 'vitest';
import { HeadingTrail } from './outline.ts';

it('a long heading is cut where it can still be stored', () => {
  const [title] = new HeadingTrail().enter(1, `${'x'.repeat(199)}😀`);
  expect(title).toHaveLength(200);
  expect(title!.isWellFormed()).toBe(true);
});
