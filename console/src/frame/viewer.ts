import { useQuery } from '@apollo/client/react';
import { ViewerDocument } from './frame.generated.ts';

/** Returns who is signed in; undefined until it is known. */
export function useViewer() {
  const { data } = useQuery(ViewerDocument, { fetchPolicy: 'cache-first' });
  const me = data?.me;
  return me ? { ...me, isAdmin: me.roles?.includes('ADMIN') ?? false } : undefined;
}
