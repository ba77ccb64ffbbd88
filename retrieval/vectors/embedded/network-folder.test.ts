import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { networkName, refuseNetworkFolder } from './network-folder.ts';

it.each([
  ['NFS', 0x6969],
  ['CIFS', 0xff534d42],
  // As statfs gives it where the number is signed.
  ['CIFS', 0xff534d42 | 0],
  ['Ceph', 0x00c36400],
  [undefined, 0xef53],
  [undefined, 0x01021994],
  [undefined, 0x794c7630],
])('%s is told by its number', (name, magic) => {
  expect(networkName(magic)).toBe(name);
});

it('a folder of this machine is taken, also one that is not there yet', async () => {
  await refuseNetworkFolder(tmpdir());
  await refuseNetworkFolder(path.join(tmpdir(), 'not', 'there', 'yet'));
});
