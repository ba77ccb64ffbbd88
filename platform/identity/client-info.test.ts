import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readClientInfo, writeClientInfo } from './client-info.ts';

test('what a client says of itself arrives as it was, cut to its limit, and stays within one header', () => {
  const text = fc.string({ unit: 'binary', maxLength: 300 });
  fc.assert(
    fc.property(
      fc.option(fc.ipV6(), { nil: undefined }),
      fc.option(text, { nil: undefined }),
      (ipAddress, userAgent) => {
        const header = writeClientInfo({ ipAddress, userAgent });
        expect(header).toMatch(/^[\x21-\x7e]*$/);
        expect(readClientInfo(header)).toEqual({
          ipAddress,
          userAgent: userAgent ? userAgent.slice(0, 256).toWellFormed() : undefined,
        });
      },
    ),
  );
});
