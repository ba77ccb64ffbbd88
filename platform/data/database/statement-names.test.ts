import { describe, expect, it } from 'vitest';
import { StatementNames } from './statement-names.ts';

describe('the names of statements', () => {
  it('are given to what comes often and has parameters, and stay', () => {
    const names = new StatementNames('chat', 100);
    const given = Array.from({ length: 20 }, () => names.of('SELECT $1', 1));
    expect(new Set(given)).toEqual(new Set(['', 'chat_1']));
    expect(given.indexOf('chat_1')).toBeGreaterThan(1);
    expect(given.lastIndexOf('')).toBe(given.indexOf('chat_1') - 1);
    expect(Array.from({ length: 20 }, () => names.of('BEGIN', 0)).join('')).toBe('');
  });

  it('are few, however many texts come', () => {
    const names = new StatementNames('chat', 100);
    const all = new Set<string>();
    for (let round = 0; round < 20; round++) {
      for (let n = 0; n < 300; n++) all.add(names.of(`SELECT $1, ${n}`, 1));
    }
    expect(all.size).toBe(101);
  });
});
