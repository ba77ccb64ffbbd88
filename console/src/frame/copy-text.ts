/**
 * Copies a text. Pages that are neither of https nor of localhost have no clipboard: there it is copied as a person
 * would, out of a field.
 *
 * @returns whether it was copied.
 */
export async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  const field = document.createElement('textarea');
  field.value = text;
  field.setAttribute('readonly', '');
  field.style.position = 'fixed';
  field.style.opacity = '0';
  // Within a dialogue that holds the focus, where there is one.
  const holder = document.activeElement?.closest('[role=dialog]') ?? document.body;
  holder.append(field);
  field.select();
  const isCopied = document.execCommand('copy');
  field.remove();
  return isCopied;
}
