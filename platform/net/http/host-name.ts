import { isIP } from 'node:net';

/** Returns whether the host of a URL is a name. An address is not looked up, nor a certificate checked against it. */
export const isHostName = (hostname: string): boolean => isIP(hostname.replace(/^\[|\]$/g, '')) === 0;
