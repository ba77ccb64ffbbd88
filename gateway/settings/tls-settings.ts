import { z } from 'zod';

const file = z.string({ error: 'the path of a PEM file' }).min(1, 'the path of a PEM file');

/** How the gateway and one subgraph know each other: PEM files, from the folder of gateway.yaml on. */
export const tls = z
  .strictObject({
    /** The authorities that the subgraph's certificate must come from, in the place of those of the system. */
    ca: file.optional(),
    /** What the gateway shows. */
    cert: file.optional(),
    key: file.optional(),
    /** The name in the subgraph's certificate, where that is not the one of its address. */
    server_name: z
      .string({ error: 'a host name' })
      .regex(/^[\w.-]+$/, 'a host name')
      .optional(),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), {
    error: '`cert` and `key` together, or neither',
  });

export type Tls = z.infer<typeof tls>;
