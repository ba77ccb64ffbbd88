import { ActionIcon, Tooltip } from '@mantine/core';
import { Share2 } from 'lucide-react';
import { Suspense, useState } from 'react';
import { part } from '../frame/part.ts';
import { useStrings } from '../strings/strings.tsx';

const ShareDialog = part(() => import('./share-dialog.tsx'), 'ShareDialog');

/** Opens the dialogue of links by which anybody reads the conversation. */
export function ShareButton({ id }: { readonly id: string }) {
  const { chat } = useStrings();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Tooltip label={chat.share}>
        <ActionIcon variant="subtle" color="gray" aria-label={chat.share} onClick={() => setIsOpen(true)}>
          <Share2 size={16} />
        </ActionIcon>
      </Tooltip>
      {isOpen && (
        <Suspense>
          <ShareDialog id={id} close={() => setIsOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
