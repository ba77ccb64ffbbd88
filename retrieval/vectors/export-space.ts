import type { CallOptions, ExportedObject, VectorStore } from './vector-store.ts';

/** Yields all objects of a space, tenant by tenant, a page of `pageSize` at a time. */
export async function* exportSpace(
  store: Pick<VectorStore, 'tenants' | 'list'>,
  { name, multiTenant }: { readonly name: string; readonly multiTenant: boolean },
  pageSize: number,
  { signal }: CallOptions,
): AsyncGenerator<ExportedObject> {
  for (const tenant of multiTenant ? await store.tenants(name) : [undefined]) {
    let after: string | undefined;
    do {
      const page = await store.list({ space: name, tenant }, { limit: pageSize, after, includeVectors: true, signal });
      for (const object of page.objects)
        yield { ...object, vectors: object.vectors ?? {}, ...(tenant !== undefined && { tenant }) };
      after = page.next;
    } while (after !== undefined);
  }
}
