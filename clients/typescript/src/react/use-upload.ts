import { useCallback, useState } from 'react';
import type { CreateDocumentUploadInput, CreateImageUploadInput } from '../generated/graphql.ts';
import type { UploadProgress, UploadSource } from '../uploads.ts';
import { useSextant } from './context.tsx';

/** What an upload says of a file beside the file itself, such as the conversation that a document is attached to. */
interface About {
  readonly document: Partial<CreateDocumentUploadInput>;
  readonly image: Partial<CreateImageUploadInput>;
}

/** Returns what uploads a file and tells how far it is. Its promise has the id of the document or image. */
export function useUpload<Kind extends keyof About>(
  kind: Kind,
): {
  readonly progress: UploadProgress | undefined;
  readonly error: Error | undefined;
  upload(file: UploadSource, about?: About[Kind]): Promise<{ id: string }>;
} {
  const sextant = useSextant();
  const [progress, setProgress] = useState<UploadProgress>();
  const [error, setError] = useState<Error>();
  const upload = useCallback(
    async (file: UploadSource, about?: About[Kind]) => {
      setError(undefined);
      setProgress({ phase: 'sending', share: 0 });
      try {
        return await sextant.uploads[kind as keyof About](file, { ...about, onProgress: setProgress });
      } catch (thrown) {
        setError(thrown as Error);
        throw thrown;
      } finally {
        setProgress(undefined);
      }
    },
    [sextant, kind],
  );
  return { progress, error, upload };
}
